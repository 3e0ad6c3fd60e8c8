"""What the Parquet files must hold, and finding the one that does not."""

import re
from collections.abc import Iterator, Mapping

import duckdb

from warehouse.embedded.source import Source, SourceFile
from warehouse.interface import SnapshotError

DETAIL_CHARS_MAX = 300  # of DuckDB's own words: they may quote a whole value

TEXT = "text (varchar; integers and UUIDs are read as text)"
TIME = "timestamp (with or without time zone, or a date)"
_EXPECTED = {
    TEXT: re.compile(r"VARCHAR|UUID|U?(TINY|SMALL|BIG)?INT(EGER)?"),
    TIME: re.compile(r"DATE|TIMESTAMP(_S|_MS|_NS)?|TIMESTAMP WITH TIME ZONE"),
}
SELLER_COLUMNS = {
    "seller_id": TEXT,
    "phone": TEXT,
    "email": TEXT,
    "name": TEXT,
    "sale_address": TEXT,
    "first_visit_at": TIME,
}
OFFER_COLUMNS = {
    "seller_id": TEXT,
    "status": TEXT,
    "source": TEXT,
    "condition": TEXT,
    "category": TEXT,
    "created_at": TIME,
}


def short(error: Exception) -> str:
    """The first line of DuckDB's message, without the query that it quotes below."""
    return str(error).split("\n", 1)[0][:DETAIL_CHARS_MAX]


def check_columns(connection: duckdb.DuckDBPyConnection, source: Source) -> None:
    """Raise SnapshotError unless every file has the columns the query reads, in readable types."""
    for file, expected in _files_and_columns(source):
        try:
            table = connection.read_parquet([file.path], hive_partitioning=False)
            found = {
                name.lower(): str(kind)
                for name, kind in zip(table.columns, table.types, strict=True)
            }
        except duckdb.Error as error:
            raise _unreadable(file, error) from error
        for column, kind in expected.items():
            if column not in found:
                raise SnapshotError(
                    f"{file.path} has no column {column}: expected {kind}, "
                    f"found only {', '.join(found)}"
                )
            if not _EXPECTED[kind].fullmatch(found[column]):
                raise SnapshotError(
                    f"{file.path}, column {column}: expected {kind}, found {found[column]}"
                )


def check_readable(connection: duckdb.DuckDBPyConnection, source: Source) -> None:
    """Read everything, file by file; raise SnapshotError that names the first damaged one.

    Slow (it is the whole snapshot): for the moment after a query has failed without naming a file.
    """
    for file, expected in _files_and_columns(source):
        try:
            table = connection.read_parquet([file.path], hive_partitioning=False)
            # A hash needs every value; min or max would be answered from the file's statistics.
            table.aggregate(f"bit_xor(hash({', '.join(expected)}))").fetchall()
        except (duckdb.OutOfMemoryException, duckdb.InterruptException):
            continue
        except duckdb.Error as error:
            raise _unreadable(file, error) from error


def _files_and_columns(source: Source) -> Iterator[tuple[SourceFile, Mapping[str, str]]]:
    for file in source.sellers:
        yield file, SELLER_COLUMNS
    for file in source.offers:
        yield file, OFFER_COLUMNS


def _unreadable(file: SourceFile, error: duckdb.Error) -> SnapshotError:
    return SnapshotError(
        f"{file.path} cannot be read as Parquet, have it written again: {short(error)}"
    )
