"""The pieces of work of a run, each bounded in time and memory: first the cuts, then the slices."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sized
from dataclasses import replace
from pathlib import Path

import duckdb

from warehouse.embedded import query
from warehouse.embedded.progress import Progress, RunDirectory, publish
from warehouse.embedded.source import Source, SourceFile
from warehouse.interface import SnapshotError

SLICES_MAX = 1_000  # every slice reads the ids of the whole source
STATUSES_MAX = 1_000  # the export has fields for 30
CATEGORIES_MAX = 10_000  # each becomes a value of one select field in amoCRM
ROW_GROUP_ROWS = 2_048  # DuckDB's unit: a read of 500 rows decodes one or two of them


def open_tables(connection: duckdb.DuckDBPyConnection, source: Source) -> None:
    """Make `sellers` and `offers` what the files hold; nothing is read yet."""
    _open_table(connection, "sellers", source.sellers)
    _open_table(connection, "offers", source.offers)
    connection.execute(query.VIEWS).fetchall()


def _open_table(
    connection: duckdb.DuckDBPyConnection, name: str, files: tuple[SourceFile, ...]
) -> None:
    paths = [file.path for file in files]
    connection.read_parquet(paths, union_by_name=True, hive_partitioning=False).create_view(name)


def choose_cuts(
    connection: duckdb.DuckDBPyConnection, progress: Progress, *, rows_per_slice: int
) -> Progress:
    """Cut the seller ids so that each slice holds about `rows_per_slice` sellers and offers."""
    [(sellers, no_id)] = connection.execute(query.COUNT_SELLERS).fetchall()
    [(offers, no_seller)] = connection.execute(query.COUNT_OFFERS).fetchall()
    slices = min((sellers + offers) // rows_per_slice + 1, SLICES_MAX)
    return replace(
        progress,
        cuts=_quantiles(connection, slices) if slices > 1 else (),
        facts=replace(
            progress.facts,
            sellers=sellers,
            offers=offers,
            sellers_without_id=no_id,
            offers_without_seller_id=no_seller,
        ),
    )


def _quantiles(connection: duckdb.DuckDBPyConnection, slices: int) -> tuple[str, ...]:
    ids = sorted(seller_id for (seller_id,) in connection.execute(query.SAMPLE).fetchall())
    return tuple(sorted({ids[len(ids) * i // slices] for i in range(1, slices)} if ids else ()))


def add_slice(
    connection: duckdb.DuckDBPyConnection, progress: Progress, directory: RunDirectory
) -> Progress:
    """Aggregate the next slice into its file; the state that counts it is the caller's to save."""
    number = len(progress.parts)
    slice_of = _next_slice(progress)
    [(in_table, distinct)] = connection.execute(query.SELLERS_IN_SLICE, slice_of).fetchall()
    aggregate = query.AGGREGATE_OF_SINGLES if in_table == distinct else query.AGGREGATE
    connection.execute(aggregate, slice_of).fetchall()
    [(rows, orphans)] = connection.execute(query.ROWS_AND_ORPHANS).fetchall()
    facts = progress.facts
    progress = replace(
        progress,
        parts=(*progress.parts, rows),
        facts=replace(
            facts,
            statuses=_more_statuses(connection, facts.statuses),
            categories=_more_categories(connection, facts.categories),
            duplicate_sellers=facts.duplicate_sellers + in_table - distinct,
            sellers_without_offers=facts.sellers_without_offers + distinct - rows,
            orphan_offers=facts.orphan_offers + orphans,
        ),
    )
    _write_records(connection, directory.part(number), first=sum(progress.parts) - rows)
    return progress


def split_slice(connection: duckdb.DuckDBPyConnection, progress: Progress) -> Progress | None:
    """Two slices instead of the next one; None when it is as small as a slice can be."""
    cuts = progress.cuts or ()
    [(middle,)] = connection.execute(query.MIDDLE, _next_slice(progress)).fetchall()
    if middle is None or len(cuts) >= SLICES_MAX:
        return None
    return replace(progress, cuts=tuple(sorted({*cuts, middle})))


def _next_slice(progress: Progress) -> dict[str, str | None]:
    bounds = ("", *(progress.cuts or ()), None)
    number = len(progress.parts)
    return {"low": bounds[number], "high": bounds[number + 1]}


def _more_statuses(
    connection: duckdb.DuckDBPyConnection, known: Mapping[str, int]
) -> Mapping[str, int]:
    found = connection.execute(query.STATUSES, {"bound": STATUSES_MAX + 1}).fetchall()
    counts = Counter(known)
    counts.update(dict(found))
    _check_bound("status", counts, STATUSES_MAX)
    return dict(sorted(counts.items()))


def _more_categories(
    connection: duckdb.DuckDBPyConnection, known: Iterable[str]
) -> tuple[str, ...]:
    found = connection.execute(query.CATEGORIES, {"bound": CATEGORIES_MAX + 1}).fetchall()
    categories = {*known, *(category for (category,) in found)}
    _check_bound("category", categories, CATEGORIES_MAX)
    return tuple(sorted(categories))


def _check_bound(column: str, values: Sized, bound: int) -> None:
    if len(values) > bound:
        raise SnapshotError(
            f"offers, column {column}: more than {bound} different values; "
            "it seems to hold something else, check the export"
        )


def _write_records(connection: duckdb.DuckDBPyConnection, path: Path, *, first: int) -> None:
    draft = path.with_suffix(".draft")
    connection.sql(query.RECORDS, params={"first": first}).write_parquet(
        str(draft), row_group_size=ROW_GROUP_ROWS, compression="lz4_raw"
    )
    publish(draft, path)
