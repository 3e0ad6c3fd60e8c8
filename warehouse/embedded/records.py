"""Reading a range of a finished run."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import accumulate, pairwise
from typing import NamedTuple

import duckdb
import orjson

from warehouse.embedded import query
from warehouse.embedded.columns import short
from warehouse.embedded.connections import reader
from warehouse.embedded.progress import Progress, RunDirectory
from warehouse.interface import SellerRow, SnapshotError

# Where a record holds what JSON has no type for.
FIRST_VISIT_AT, FIRST_OFFER_AT, CATEGORIES = 5, 6, 13


class Record(NamedTuple):
    """A SellerRecord. `content`: a JSON array in the order of SellerRow."""

    seller_id: str
    content: bytes

    def row(self) -> SellerRow:
        """See SellerRecord."""
        values = orjson.loads(self.content)
        values[FIRST_VISIT_AT] = _time(values[FIRST_VISIT_AT])
        values[FIRST_OFFER_AT] = _time(values[FIRST_OFFER_AT])
        values[CATEGORIES] = tuple(values[CATEGORIES])
        return SellerRow._make(values)


def read_records(
    directory: RunDirectory, progress: Progress, *, start: int, stop: int
) -> list[Record]:
    """Rows [start, stop); raises SnapshotError when a part does not give back what was written."""
    stop = min(stop, sum(progress.parts))
    if start >= stop:
        return []
    files = [
        str(directory.part(number)) for number in _parts_with(progress, start=start, stop=stop)
    ]
    try:
        records = _read(files, start=start, stop=stop)
    except duckdb.Error as error:
        raise _damaged(directory, short(error)) from error
    if len(records) != stop - start:
        raise _damaged(directory, f"{len(records)} rows in [{start}, {stop})")
    return list(map(Record._make, records))


def _read(files: list[str], *, start: int, stop: int) -> list[tuple[str, bytes]]:
    try:
        bounds = {"files": files, "start": start, "stop": stop}
        return reader().execute(query.READ, bounds).fetchall()
    except duckdb.OutOfMemoryException:
        if stop - start == 1:
            raise
    middle = (start + stop) // 2  # very long texts: sort fewer of them at a time
    return [*_read(files, start=start, stop=middle), *_read(files, start=middle, stop=stop)]


def _parts_with(progress: Progress, *, start: int, stop: int) -> Iterator[int]:
    ends = pairwise(accumulate(progress.parts, initial=0))
    for number, (first, end) in enumerate(ends):
        if first < stop and end > start:
            yield number


def _damaged(directory: RunDirectory, detail: str) -> SnapshotError:
    return SnapshotError(f"{directory.root} is damaged ({detail}): start a new run")


def _time(microseconds: int | None) -> datetime | None:
    if microseconds is None:
        return None
    try:
        return datetime.fromtimestamp(microseconds / 1e6, UTC)
    except (ValueError, OverflowError):  # the file's statistics lied, and the query believed them
        return None
