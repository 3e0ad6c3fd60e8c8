"""Reading JSON by the shape that was promised, and saying where it is another one.

Messages name keys and types, never what stood there: it may be somebody's phone number.
"""

from collections.abc import Mapping

JsonObject = Mapping[str, object]


class ShapeError(ValueError):
    """The JSON is not what the contract promises."""


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
