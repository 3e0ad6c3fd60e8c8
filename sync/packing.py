"""Packing sellers of many portions into full requests. Pure; the pump's memory.

With 5 % changed a portion fills a tenth of a request; sent portion by portion that would be ten
times the requests (reliability.md, 0.9).
"""

from collections.abc import Iterator

from companies.exports import Export, Update
from sync.sending import Write

SMALLEST = 25  # companies a write; below that amoCRM's trouble is not the size
GROWTH = 10  # companies, after a row of clean writes
CLEAN_WRITES = 20


class WriteSize:
    """How many companies go into a write: halved when amoCRM is overloaded, grown back slowly."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._clean = 0
        self.now = most

    def overloaded(self) -> None:
        """A 504 or a 413."""
        self._clean = 0
        self.now = max(min(SMALLEST, self._most), self.now // 2)

    def went_well(self) -> None:
        """An answer without trouble."""
        self._clean += 1
        if self._clean >= CLEAN_WRITES:
            self._clean = 0
            self.now = min(self._most, self.now + GROWTH)


class Packer:
    """Two heaps, of new and of changed sellers, taken off in requests."""

    def __init__(self, size: WriteSize) -> None:
        self._size = size
        self._new: list[tuple[int, Export]] = []
        self._changed: list[tuple[int, Update]] = []

    def add_new(self, portion: int, export: Export) -> None:
        self._new.append((portion, export))

    def add_changed(self, portion: int, update: Update) -> None:
        self._changed.append((portion, update))

    def full(self) -> Iterator[Write]:
        """Writes that are full; what is left stays."""
        while len(self._new) >= self._size.now:
            yield self._take_new()
        while len(self._changed) >= self._size.now:
            yield self._take_changed()

    def rest(self) -> Iterator[Write]:
        """Everything, the last writes being as small as they happen to be."""
        yield from self.full()
        if self._new:
            yield self._take_new()
        if self._changed:
            yield self._take_changed()

    def _take_new(self) -> Write:
        taken, self._new = self._new[: self._size.now], self._new[self._size.now :]
        return Write(new=tuple(taken))

    def _take_changed(self) -> Write:
        taken, self._changed = self._changed[: self._size.now], self._changed[self._size.now :]
        return Write(changed=tuple(taken))
