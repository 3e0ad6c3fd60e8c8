"""Typed readers of environment variables. A value that cannot be used stops the start and names its variable."""

import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

TRUE_WORDS = frozenset({"1", "true", "yes", "on"})
FALSE_WORDS = frozenset({"0", "false", "no", "off", ""})


def text(name: str, default: str = "") -> str:
    """The variable's value, or that of the file `NAME_FILE` points at (Docker secrets)."""
    if (value := os.environ.get(name)) is not None:
        return value.strip()
    if path := os.environ.get(f"{name}_FILE"):
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE: cannot read {path}: {error}") from error
    return default


def words(name: str, default: str = "") -> list[str]:
    """A list separated by commas; empty items are left out."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def boolean(name: str, *, default: bool) -> bool:
    """1/true/yes/on or 0/false/no/off, in any case."""
    value = text(name, str(default)).lower()
    if value in TRUE_WORDS:
        return True
    if value in FALSE_WORDS:
        return False
    raise ImproperlyConfigured(f"{name}: {value!r} is neither true nor false")


def choice(name: str, default: str, *, of: tuple[str, ...]) -> str:
    """One of a few words."""
    value = text(name, default)
    if value not in of:
        raise ImproperlyConfigured(f"{name}: {value!r} is none of {', '.join(of)}")
    return value


def number(name: str, default: float, *, low: float, high: float) -> float:
    """A number between `low` and `high`, both included."""
    value = text(name, str(default))
    try:
        parsed = float(value)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}: {value!r} is not a number") from error
    if not low <= parsed <= high:
        raise ImproperlyConfigured(f"{name}: {value} is not between {low:g} and {high:g}")
    return parsed


def integer(name: str, default: int, *, low: int, high: int) -> int:
    """A whole number between `low` and `high`, both included."""
    value = number(name, default, low=low, high=high)
    if value != int(value):
        raise ImproperlyConfigured(f"{name}: {value:g} is not a whole number")
    return int(value)


def url(name: str, default: str = "", *, schemes: tuple[str, ...] = ("https", "http")) -> str:
    """A URL with one of `schemes`, without a slash at its end; empty where nothing is set."""
    value = text(name, default).rstrip("/")
    if value and value.partition("://")[0] not in schemes:
        raise ImproperlyConfigured(f"{name}: {value!r} does not start with {' or '.join(schemes)}")
    return value
