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

    def odd(self, changes: dict[str, Any]) -> str | None:
        """What is wrong with values of the right types, None when nothing is. For subclasses."""
        return None


def change(settings: Settings, changes: dict[str, Any]) -> None:
    """All changes or, with SettingRefusedError, none."""
    wrong = misfit(type(settings), changes) or _odd_span(changes) or settings.odd(changes)
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


def seconds_of(span: int | list[int], drawn: float) -> float:
    """A span of milliseconds in seconds; `drawn` in [0, 1) says where between its ends."""
    low, high = span if isinstance(span, list) else (span, span)
    return (low + (high - low) * drawn) / 1000


def _odd_span(changes: dict[str, Any]) -> str | None:
    spans = (name for name in changes if name.endswith("_ms"))
    odd = next((name for name in spans if not _is_span(changes[name])), None)
    return odd and f"{odd}: milliseconds, or [lowest, highest] where it may vary"


def _is_span(value: int | list[int]) -> bool:
    low, high = value if isinstance(value, list) and len(value) == 2 else (value, value)
    return isinstance(low, int) and isinstance(high, int) and 0 <= low <= high
