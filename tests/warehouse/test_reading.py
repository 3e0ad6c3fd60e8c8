"""Reading a finished run by range: any range, any thread, any process."""

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.warehouse.snapshots import (
    embedded,
    finish,
    read_all,
    read_rows,
    write_query,
)
from warehouse.embedded.warehouse import EmbeddedWarehouse
from warehouse.interface import READ_ROWS_MAX, SellerRow, SnapshotError

SELLERS = 6_000  # three row groups in one slice, or several slices


IDS = "(SELECT (i * 7919 % 1000003)::VARCHAR AS seller_id FROM range($count) t(i))"
SELLER_QUERY = f"""
SELECT seller_id, 'n' || seller_id AS name, '' AS phone, '' AS email, '' AS sale_address,
NULL::TIMESTAMP AS first_visit_at FROM {IDS}
"""  # noqa: S608 - a constant
OFFER_QUERY = f"""
SELECT seller_id, 'active' AS status, 'feed' AS source, 'new' AS condition, 'c' AS category,
TIMESTAMP '2024-01-01' AS created_at FROM {IDS}
"""  # noqa: S608 - a constant


def write_sellers(snapshot: Path, *, count: int) -> Path:
    """`count` sellers with one offer each, not in the order of their ids."""
    write_query(snapshot / "sellers" / "0.parquet", SELLER_QUERY, count=count)
    write_query(snapshot / "offers" / "0.parquet", OFFER_QUERY, count=count)
    return snapshot


@pytest.fixture(scope="module", params=[5_000, 100_000], ids=["three slices", "one slice"])
def warehouse(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[EmbeddedWarehouse]:
    """A finished run "1" of 6,000 sellers with one offer each."""
    directory = tmp_path_factory.mktemp("reading")
    snapshot = write_sellers(directory / "snapshot", count=SELLERS)
    warehouse = embedded(snapshot, rows_per_slice=request.param)
    finish(warehouse, warehouse.start(run="1"))
    yield warehouse
    warehouse.discard("1")


@pytest.fixture(scope="module")
def rows(warehouse: EmbeddedWarehouse) -> list[SellerRow]:
    """All rows, read by portions."""
    return read_all(warehouse, "1")


def test_rows_come_in_byte_order_of_the_id_and_each_once(rows: list[SellerRow]) -> None:
    ids = [row.seller_id for row in rows]
    assert ids == sorted({str(i * 7919 % 1000003) for i in range(SELLERS)})


@pytest.mark.parametrize("start", [0, 1, 1_999, 2_047, 2_048, 5_999, 6_000, 7_000])
@pytest.mark.parametrize("length", [0, 1, 500, 2_049, READ_ROWS_MAX])
def test_range_is_the_same_rows_wherever_it_begins_and_ends(
    warehouse: EmbeddedWarehouse, rows: list[SellerRow], start: int, length: int
) -> None:
    assert (
        read_rows(warehouse, "1", start=start, stop=start + length) == rows[start : start + length]
    )


@settings(max_examples=10, deadline=None)
@given(
    sellers=st.integers(0, 3_000),
    rows_per_slice=st.integers(1_000, 7_000),
    size=st.integers(50, READ_ROWS_MAX),
)
def test_any_size_of_slices_and_of_reads_covers_every_row_once(
    sellers: int, rows_per_slice: int, size: int
) -> None:
    with TemporaryDirectory() as directory:
        snapshot = write_sellers(Path(directory) / "snapshot", count=sellers)
        warehouse = embedded(snapshot, rows_per_slice=rows_per_slice)
        finish(warehouse, warehouse.start(run="1"))
        ids = [row.seller_id for row in read_all(warehouse, "1", size=size)]
    assert ids == sorted(str(i * 7919 % 1000003) for i in range(sellers))


@pytest.mark.parametrize(("start", "stop"), [(-1, 5), (5, 4), (0, READ_ROWS_MAX + 1)])
def test_range_has_bounds(warehouse: EmbeddedWarehouse, start: int, stop: int) -> None:
    with pytest.raises(ValueError, match="not a range"):
        warehouse.read("1", start=start, stop=stop)


def test_threads_read_at_once(warehouse: EmbeddedWarehouse, rows: list[SellerRow]) -> None:
    with ThreadPoolExecutor(4) as pool:
        chunks = pool.map(
            lambda start: read_rows(warehouse, "1", start=start, stop=start + 500),
            range(0, SELLERS, 500),
        )
        assert [row for chunk in chunks for row in chunk] == rows


def test_forked_process_reads_what_its_parent_was_reading(
    warehouse: EmbeddedWarehouse, rows: list[SellerRow]
) -> None:
    assert read_rows(warehouse, "1", start=0, stop=500) == rows[:500]
    with multiprocessing.get_context("fork").Pool(2) as pool:
        chunks = pool.starmap(_read, [(warehouse, start) for start in range(0, SELLERS, 500)])
    assert [row for chunk in chunks for row in chunk] == rows
    assert read_rows(warehouse, "1", start=500, stop=1_000) == rows[500:1_000]


def _read(warehouse: EmbeddedWarehouse, start: int) -> list[SellerRow]:
    return read_rows(warehouse, "1", start=start, stop=start + 500)


def test_damaged_part_is_an_error_and_no_missing_rows(warehouse: EmbeddedWarehouse) -> None:
    finish(warehouse, warehouse.start(run="2"))
    part = min((warehouse.work_dir / "2").glob("part-*.parquet"))
    write_query(part, "SELECT 0 AS ordinal, '' AS seller_id, '[]' AS record")
    with pytest.raises(SnapshotError, match=r"damaged \(1 rows in \[0, 500\)\): start a new run"):
        warehouse.read("2", start=0, stop=500)
    part.write_bytes(b"PAR1")
    with pytest.raises(SnapshotError, match=r"damaged .*: start a new run"):
        warehouse.read("2", start=0, stop=500)
