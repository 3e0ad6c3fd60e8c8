"""Reading JSON by the shape that was promised, and saying where it is another one.

Messages name keys and types, never what stood there: it may be somebody's phone number.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

JsonObject = Mapping[str, object]

LAST_YEAR = 9998  # a moment of the next one has no local time in every zone


class ShapeError(ValueError):
    """The JSON is not what the contract promises."""


def complete(source: JsonObject, *names: str) -> None:
    """Insist on all these keys: what was left out must not read like null."""
    missing = [name for name in names if name not in source]
    if missing:
        raise ShapeError(f"{', '.join(missing)} not there")


def integer(source: JsonObject, name: str) -> int:
    """A whole number; a bool is none."""
    value = source.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise _wrong(name, value, "a whole number")


def integer_or_none(source: JsonObject, name: str) -> int | None:
    """A whole number, or null, or nothing."""
    return None if source.get(name) is None else integer(source, name)


def text(source: JsonObject, name: str) -> str:
    """A string, which may be empty."""
    value = source.get(name)
    if isinstance(value, str):
        return value
    raise _wrong(name, value, "a string")


def text_or_none(source: JsonObject, name: str) -> str | None:
    """A string, or null, or nothing."""
    return None if source.get(name) is None else text(source, name)


def flag(source: JsonObject, name: str) -> bool:
    """A bool; missing or null means no."""
    value = source.get(name)
    if value is None or isinstance(value, bool):
        return bool(value)
    raise _wrong(name, value, "a bool")


def yes_or_no(source: JsonObject, name: str) -> bool:
    """A bool, and nothing else."""
    value = source.get(name)
    if isinstance(value, bool):
        return value
    raise _wrong(name, value, "a bool")


def moment_or_none(source: JsonObject, name: str) -> datetime | None:
    """An ISO 8601 time with its offset, in UTC; null or nothing is None.

    So is a time outside the years 1 to 9998, which stands for "never" where it is met.
    """
    value = text_or_none(source, name)
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise ShapeError(f"{name} is not a time") from None  # the cause would show what stood there
    if moment.tzinfo is None:
        raise ShapeError(f"{name} is a time without an offset")
    try:
        moment = moment.astimezone(UTC)
    except OverflowError:
        return None
    return moment if moment.year <= LAST_YEAR else None


def count(source: JsonObject, name: str) -> int:
    """A whole number from 0."""
    value = integer(source, name)
    if value < 0:
        raise ShapeError(f"{name} is below 0")
    return value


def counts(source: JsonObject, name: str) -> dict[str, int]:
    """An object of whole numbers from 0."""
    value = source.get(name)
    if isinstance(value, dict):
        return {key: count(value, key) for key in value}
    raise _wrong(name, value, "an object")


def texts(source: JsonObject, name: str) -> list[str]:
    """A list of strings."""
    value = source.get(name)
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return value
    raise _wrong(name, value, "a list of strings")


def child(source: JsonObject, name: str) -> JsonObject:
    """An object; missing or null reads like an empty one, and so does PHP's empty array."""
    value = source.get(name)
    if value is None or value == []:
        return {}
    if isinstance(value, dict):
        return value
    raise _wrong(name, value, "an object")


def objects(source: JsonObject, name: str) -> list[JsonObject]:
    """A list of objects. Missing is an error, since it must not read like an empty list."""
    value = source.get(name)
    if isinstance(value, list) and all(isinstance(each, dict) for each in value):
        return value
    raise _wrong(name, value, "a list of objects")


def objects_or_none(source: JsonObject, name: str) -> list[JsonObject]:
    """A list of objects; null or nothing reads like an empty one."""
    return [] if source.get(name) is None else objects(source, name)


def _wrong(name: str, value: object, promised: str) -> ShapeError:
    return ShapeError(f"{name} is {type(value).__name__}, not {promised}")
