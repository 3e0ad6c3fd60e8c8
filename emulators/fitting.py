"""Whether JSON values fit the annotations of a dataclass."""

from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints


def misfit(owner: type, given: dict[str, Any]) -> str | None:
    """What is wrong with the first value that `owner` cannot take; None when all is well."""
    hints = get_type_hints(owner)
    for name, value in given.items():
        if name not in hints:
            return f"{name}: no such thing; known are {', '.join(hints)}"
        if not fits(value, hints[name]):
            return f"{name}: {value!r} does not fit"
    return None


def fits(value: object, hint: Any) -> bool:
    """bool is no int here, but an int will do for a float."""
    origin = get_origin(hint)
    if origin in (UnionType, Union):
        return any(fits(value, choice) for choice in get_args(hint))
    if origin is Literal:
        return value in get_args(hint)
    if origin is list:
        (inner,) = get_args(hint)
        return isinstance(value, list) and all(fits(each, inner) for each in value)
    if hint is float:
        return type(value) in (int, float)
    return type(value) is hint
