"""Small snapshots written with DuckDB itself, and a run followed to its end."""

from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import duckdb

from tests.waiting import wait_until
from warehouse.embedded.warehouse import EmbeddedWarehouse
from warehouse.interface import SellerRow, Snapshot, SnapshotState, Warehouse

FINISH_SECONDS = 60  # the largest run here takes five
READ_ROWS = 500  # a portion


class Seller(NamedTuple):
    """A row of sellers/*.parquet; times are naive UTC, as the files have them."""

    seller_id: str | None
    phone: str | None = None
    email: str | None = None
    name: str | None = None
    sale_address: str | None = None
    first_visit_at: datetime | None = None


class Offer(NamedTuple):
    """A row of offers/*.parquet, without the id that nothing reads."""

    seller_id: str | None
    status: str | None = "active"
    source: str | None = "feed"
    condition: str | None = None
    category: str | None = "Шины"
    created_at: datetime | None = datetime(2024, 1, 1)  # noqa: DTZ001 - as the files have it


SELLER_TYPES = "VARCHAR, VARCHAR, VARCHAR, VARCHAR, VARCHAR, TIMESTAMP"
OFFER_TYPES = "VARCHAR, VARCHAR, VARCHAR, VARCHAR, VARCHAR, TIMESTAMP"


def write_snapshot(directory: Path, *, sellers: Sequence[Seller], offers: Sequence[Offer]) -> Path:
    """Both tables, one file each; returns `directory`."""
    write_table(directory / "sellers" / "0.parquet", Seller._fields, SELLER_TYPES, sellers)
    write_table(directory / "offers" / "0.parquet", Offer._fields, OFFER_TYPES, offers)
    return directory


def write_table(
    path: Path, names: Sequence[str], types: str, rows: Sequence[tuple[object, ...]]
) -> None:
    """One Parquet file of `rows`, uncompressed, so that tests find and damage what they wrote."""
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = ", ".join(
        f'"{name}" {kind}' for name, kind in zip(names, types.split(", "), strict=True)
    )
    with closing(duckdb.connect(config={"threads": 1})) as connection:
        connection.execute(f"CREATE TABLE t ({columns})").fetchall()
        places = ", ".join("?" for _ in names)
        for row in rows:
            connection.execute(f"INSERT INTO t VALUES ({places})", row).fetchall()  # noqa: S608 - only "?"
        connection.table("t").write_parquet(str(path), compression="uncompressed")


def write_query(path: Path, query: str, **params: object) -> None:
    """One Parquet file with the result of `query`, types included."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(duckdb.connect(config={"threads": 1})) as connection:
        connection.sql(query, params=params).write_parquet(str(path), compression="uncompressed")


def embedded(directory: Path, *, rows_per_slice: int = 1_000) -> EmbeddedWarehouse:
    """A warehouse over `directory` that works beside it."""
    return EmbeddedWarehouse(
        directory=directory,
        work_dir=directory.with_name(directory.name + "-work"),
        threads=1,
        rows_per_slice=rows_per_slice,
    )


def finish(warehouse: Warehouse, handle: str) -> Snapshot:
    """Look until the snapshot is ready."""
    wait_until(
        lambda: warehouse.look(handle).state is SnapshotState.READY,
        seconds=FINISH_SECONDS,
        what="the snapshot is ready",
    )
    return warehouse.look(handle)


def read_all(warehouse: Warehouse, handle: str, *, size: int = READ_ROWS) -> list[SellerRow]:
    """Every row of a ready snapshot, `size` at a time."""
    rows = warehouse.look(handle).rows
    assert rows is not None
    return [
        row
        for start in range(0, rows, size)
        for row in read_rows(warehouse, handle, start=start, stop=start + size)
    ]


def read_rows(warehouse: Warehouse, handle: str, *, start: int, stop: int) -> list[SellerRow]:
    """Rows [start, stop), taken apart."""
    records = warehouse.read(handle, start=start, stop=stop)
    rows = [record.row() for record in records]
    assert [row.seller_id for row in rows] == [record.seller_id for record in records]
    return rows


def rows_of(warehouse: Warehouse, *, run: str = "1") -> list[SellerRow]:
    """Start a run, follow it to its end, read everything."""
    handle = warehouse.start(run=run)
    finish(warehouse, handle)
    return read_all(warehouse, handle)
