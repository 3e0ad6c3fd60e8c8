"""PHP's `http_build_query`: nested members as the pairs of a form."""

from functools import lru_cache
from typing import Any
from urllib.parse import quote_plus

MAX_CACHED_TEXT = 64  # characters; names of fields and labels of values repeat, long texts do not


def query(root: str, members: Any) -> str:
    """`root%5Ba%5D%5B0%5D=1&...` for {"a": [1]}. None is left out."""
    pairs: list[str] = []
    _add(pairs, root, members)
    return "&".join(pairs)


def _add(pairs: list[str], path: str, value: Any) -> None:
    """Keys are words and numbers of our own: nothing in them has to be quoted."""
    if isinstance(value, str):
        quoted = _short(value) if len(value) <= MAX_CACHED_TEXT else _quoted(value)
        pairs.append(f"{path}={quoted}")
    elif isinstance(value, dict):
        for key, member in value.items():
            _add(pairs, f"{path}%5B{key}%5D", member)
    elif isinstance(value, list):
        for index, member in enumerate(value):
            _add(pairs, f"{path}%5B{index}%5D", member)
    elif value is not None:
        pairs.append(f"{path}={int(value) if isinstance(value, bool) else value}")


def _quoted(text: str) -> str:
    return quote_plus(text).replace("~", "%7E")  # RFC 1738, by which PHP goes, has no bare tilde


_short = lru_cache(maxsize=4096)(_quoted)
