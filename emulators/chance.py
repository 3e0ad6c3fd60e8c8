"""Chance that repeats itself: every draw is a hash of what it is drawn for."""

from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")

_WHOLE = 1 << 64


def fraction(*parts: object) -> float:
    """A number in [0, 1), always the same for the same parts."""
    text = ":".join(map(str, parts)).encode()
    return int.from_bytes(blake2b(text, digest_size=8).digest()) / _WHOLE


def shuffled(items: list[T], *parts: object) -> list[T]:
    """The items in another order (whenever there is one), always the same for the same parts."""
    order = sorted(range(len(items)), key=lambda index: fraction(*parts, index))
    result = [items[index] for index in order]
    return result if result != items else items[::-1]
