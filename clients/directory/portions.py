"""Long lists of permalinks are asked in portions."""

from collections.abc import Iterable, Iterator
from itertools import islice

PORTION = 100  # permalinks a request, the Directory's limit


def portions(permalinks: Iterable[int]) -> Iterator[list[int]]:
    """Each permalink once, in the order given, at most a hundred together."""
    rest = iter(dict.fromkeys(permalinks))
    while portion := list(islice(rest, PORTION)):
        yield portion


def joined(permalinks: Iterable[int]) -> str:
    """A list as the Directory's parameters have it."""
    return ",".join(map(str, permalinks))
