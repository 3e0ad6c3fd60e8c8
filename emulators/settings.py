"""Switches of an emulated service, changed at run time through the control plane."""

from dataclasses import dataclass, fields
from typing import Any

from emulators.fitting import misfit


class SettingRefusedError(Exception):
    """A change names an unknown switch or gives it a value of another type."""


@dataclass(slots=True)
class Settings:
    """`latency_ms`: time between commit and answer, a number or [lowest, highest]."""

    latency_ms: int | list[int] = 0


def change(settings: Settings, changes: dict[str, Any]) -> None:
    """All changes or, with SettingRefusedError, none."""
    wrong = misfit(type(settings), changes)
    if wrong is None and not _is_latency(changes.get("latency_ms", 0)):
        wrong = "latency_ms: milliseconds, or [lowest, highest]"
    if wrong is not None:
        raise SettingRefusedError(wrong)
    for name, value in changes.items():
        setattr(settings, name, value)


def restore(settings: Settings) -> None:
    """Back to the defaults, in place: everybody holds the same object."""
    for name, value in as_dict(type(settings)()).items():
        setattr(settings, name, value)


def as_dict(settings: Settings) -> dict[str, Any]:
    return {each.name: getattr(settings, each.name) for each in fields(settings)}


def _is_latency(value: int | list[int]) -> bool:
    low, high = value if isinstance(value, list) and len(value) == 2 else (value, value)
    return isinstance(low, int) and isinstance(high, int) and 0 <= low <= high
