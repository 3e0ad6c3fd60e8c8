"""Text that no database can hold: NULs and lone surrogates."""

import re
from collections.abc import Iterator
from typing import Any

_ODD = re.compile("[\0\ud800-\udfff]")


def odd_text_at(value: Any, path: str = "") -> str | None:
    """Where in a JSON value the first such text is, as a dotted path; None when nowhere."""
    if isinstance(value, str):
        return path if _ODD.search(value) else None
    found = (odd_text_at(each, f"{path}.{key}" if path else str(key)) for key, each in _in(value))
    return next((place for place in found if place is not None), None)


def _in(value: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, dict):
        return iter(value.items())
    return iter(enumerate(value)) if isinstance(value, list) else iter(())
