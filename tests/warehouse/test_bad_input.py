"""Data that cannot be read: the run ends with words that say which file and what to do."""

import os
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.warehouse.snapshots import (
    Offer,
    Seller,
    embedded,
    finish,
    read_all,
    write_query,
    write_snapshot,
)
from warehouse.embedded.slices import CATEGORIES_MAX, STATUSES_MAX
from warehouse.embedded.source import FILES_MAX
from warehouse.embedded.warehouse import EmbeddedWarehouse
from warehouse.interface import SnapshotError, WarehouseError

SELLERS = [Seller(f"seller-{i:03}", name=f"Продавец {i}") for i in range(50)]
OFFERS = [Offer(f"seller-{i % 50:03}", category=f"category-{i}") for i in range(100)]


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    """A sound snapshot to be spoilt."""
    return write_snapshot(tmp_path / "snapshot", sellers=SELLERS, offers=OFFERS)


def without_directory(snapshot: Path) -> None:
    shutil.rmtree(snapshot)


def without_offers_directory(snapshot: Path) -> None:
    shutil.rmtree(snapshot / "offers")


def without_files(snapshot: Path) -> None:
    (snapshot / "sellers" / "0.parquet").rename(snapshot / "sellers" / "0.parquet.part")


def with_a_file_that_is_still_being_written(snapshot: Path) -> None:
    (snapshot / "sellers" / "0.parquet").rename(snapshot / "sellers" / ".0.parquet")


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (without_directory, "sellers cannot be read (No such file or directory)"),
        (without_offers_directory, "offers cannot be read (No such file or directory)"),
        (without_files, "sellers holds no *.parquet file"),
        (with_a_file_that_is_still_being_written, "sellers holds no *.parquet file"),
    ],
)
def test_missing_files_are_told_at_the_start(
    snapshot: Path, spoil: Callable[[Path], None], named: str
) -> None:
    spoil(snapshot)
    with pytest.raises(SnapshotError, match=re.escape(named)):
        embedded(snapshot).start(run="1")
    assert not embedded(snapshot).work_dir.exists()


def test_more_files_than_can_be_watched_are_told_at_the_start(snapshot: Path) -> None:
    (snapshot / "offers" / "0.parquet").unlink()
    for number in range(FILES_MAX + 1):
        (snapshot / "offers" / f"{number}.parquet").touch()
    with pytest.raises(SnapshotError, match=f"holds {FILES_MAX + 1} files"):
        embedded(snapshot).start(run="1")


@pytest.mark.parametrize("content", [b"", b"x" * 1_000, b"PAR1" + bytes(1_000)])
def test_file_that_is_no_parquet_is_named_at_the_start(snapshot: Path, content: bytes) -> None:
    broken = snapshot / "offers" / "1.parquet"
    broken.write_bytes(content)
    with pytest.raises(SnapshotError, match=re.escape(f"{broken} cannot be read as Parquet")):
        embedded(snapshot).start(run="1")


def test_half_a_file_is_named_at_the_start(snapshot: Path) -> None:
    broken = snapshot / "offers" / "0.parquet"
    broken.write_bytes(broken.read_bytes()[:-500])
    with pytest.raises(SnapshotError, match=re.escape(f"{broken} cannot be read as Parquet")):
        embedded(snapshot).start(run="1")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(b"category-77", b"category\xff77", id="not UTF-8"),
        pytest.param(b"category-77", b"\xed\xa0\x80egory-77", id="half a surrogate pair"),
        pytest.param(b"\x0b\x00\x00\x00category-77", b"\xff" * 15, id="impossible length"),
    ],
)
def test_damage_inside_a_file_is_named_when_it_is_reached(
    snapshot: Path, old: bytes, new: bytes
) -> None:
    broken = snapshot / "offers" / "1.parquet"
    content = (snapshot / "offers" / "0.parquet").read_bytes()
    assert old in content
    broken.write_bytes(content.replace(old, new))
    warehouse = embedded(snapshot)
    handle = warehouse.start(run="1")
    with pytest.raises(SnapshotError, match=re.escape(f"{broken} cannot be read as Parquet")):
        finish(warehouse, handle)


SELLER_COLUMNS = {
    "seller_id": "'s'",
    "phone": "'1'",
    "email": "'e'",
    "name": "'n'",
    "sale_address": "'a'",
    "first_visit_at": "TIMESTAMP '2024-01-01'",
}


def test_damaged_column_is_named_although_the_files_statistics_are_sound(snapshot: Path) -> None:
    broken = snapshot / "sellers" / "0.parquet"
    columns = {**SELLER_COLUMNS, "seller_id": "unnest(range(1000))::VARCHAR"}
    write_query(
        broken, f"SELECT {', '.join(f'{value} AS {name}' for name, value in columns.items())}"
    )
    content = broken.read_bytes()
    broken.write_bytes(content.replace(b"\x03\x00\x00\x00500", b"\x03\x00\x00\x005\xff0"))
    warehouse = embedded(snapshot)
    handle = warehouse.start(run="1")
    with pytest.raises(SnapshotError, match=re.escape(f"{broken} cannot be read as Parquet")):
        finish(warehouse, handle)


OFFER_COLUMNS = {
    "seller_id": "'seller-001'",
    "source": "'feed'",
    "condition": "'new'",
    "created_at": "TIMESTAMP '2024-01-01'",
}


@pytest.mark.parametrize("column", SELLER_COLUMNS)
def test_missing_column_is_named_with_its_file(snapshot: Path, column: str) -> None:
    columns = (f"{value} AS {name}" for name, value in SELLER_COLUMNS.items() if name != column)
    broken = snapshot / "sellers" / "1.parquet"
    write_query(broken, f"SELECT {', '.join(columns)}")
    with pytest.raises(SnapshotError, match=re.escape(f"{broken} has no column {column}: ")):
        embedded(snapshot).start(run="1")


@pytest.mark.parametrize(
    ("column", "value", "complaint"),
    [
        ("seller_id", "1.5::DOUBLE", "column seller_id: expected text .* found DOUBLE"),
        ("name", "['n']", r"column name: expected text .* found VARCHAR\[\]"),
        ("phone", "'1'::BLOB", "column phone: expected text .* found BLOB"),
        ("first_visit_at", "'2024'", "column first_visit_at: expected timestamp .* found VARCHAR"),
        ("first_visit_at", "1704067200", "first_visit_at: expected timestamp .* found INTEGER"),
    ],
)
def test_wrong_type_is_told_with_column_expected_and_found(
    snapshot: Path, column: str, value: str, complaint: str
) -> None:
    columns = {**SELLER_COLUMNS, column: value}
    select = ", ".join(f"{value} AS {name}" for name, value in columns.items())
    write_query(snapshot / "sellers" / "1.parquet", f"SELECT {select}")
    with pytest.raises(SnapshotError, match=complaint):
        embedded(snapshot).start(run="1")


def test_files_replaced_under_a_run_end_it(snapshot: Path) -> None:
    warehouse = embedded(snapshot, rows_per_slice=30)  # more slices than one look takes
    handle = warehouse.start(run="1")
    warehouse.look(handle)
    changed = snapshot / "offers" / "0.parquet"
    os.utime(changed, ns=(0, 0))
    with pytest.raises(SnapshotError, match=re.escape(f"{changed} was changed or removed")):
        warehouse.look(handle)


def test_file_removed_under_a_run_ends_it(snapshot: Path) -> None:
    warehouse = embedded(snapshot)
    handle = warehouse.start(run="1")
    removed = snapshot / "sellers" / "0.parquet"
    removed.unlink()
    with pytest.raises(SnapshotError, match=re.escape(f"{removed} was changed or removed")):
        warehouse.look(handle)


@pytest.mark.parametrize(
    ("column", "bound"), [("status", STATUSES_MAX), ("category", CATEGORIES_MAX)]
)
def test_column_with_too_many_values_is_told(snapshot: Path, column: str, bound: int) -> None:
    values = {"status": "'a'", "category": "'b'", column: f"unnest(range({bound + 1}))"}
    select = ", ".join(f"{value} AS {name}" for name, value in {**OFFER_COLUMNS, **values}.items())
    write_query(snapshot / "offers" / "0.parquet", f"SELECT {select}")
    warehouse = embedded(snapshot, rows_per_slice=bound * 2)
    handle = warehouse.start(run="1")
    with pytest.raises(SnapshotError, match=f"column {column}: more than {bound} different"):
        finish(warehouse, handle)


def test_too_little_memory_is_not_the_datas_fault_and_the_run_goes_on_with_more(
    snapshot: Path,
) -> None:
    warehouse = embedded(snapshot, rows_per_slice=30)  # more slices than one look takes
    poor = replace(warehouse, memory_limit="1MB")
    handle = warehouse.start(run="1")
    warehouse.look(handle)
    with pytest.raises(WarehouseError, match="allow more memory than 1MB") as caught:
        finish(poor, handle)
    assert not isinstance(caught.value, SnapshotError)
    finish(warehouse, handle)
    assert len(read_all(warehouse, handle)) == 50


def test_disk_that_cannot_be_written_is_not_the_datas_fault(snapshot: Path) -> None:
    warehouse = embedded(snapshot)
    handle = warehouse.start(run="1")
    obstacle = warehouse.work_dir / handle / "state.draft"
    obstacle.mkdir()
    with pytest.raises(WarehouseError, match="make room on the disk") as caught:
        warehouse.look(handle)
    assert not isinstance(caught.value, SnapshotError)
    obstacle.rmdir()
    assert finish(warehouse, handle).rows == 50


def test_time_that_the_files_statistics_hide_is_absent(snapshot: Path) -> None:
    write_query(
        snapshot / "offers" / "0.parquet",
        "SELECT 'seller-001' AS seller_id, 'a' AS status, 'feed' AS source, 'new' AS condition, "
        "'c' AS category, TIMESTAMP '2024-01-01 00:00:00.123456' AS created_at",
    )
    path = snapshot / "offers" / "0.parquet"
    content = path.read_bytes()
    moment = (1704067200123456).to_bytes(8, "little")
    path.write_bytes(content.replace(moment, (-(2**62)).to_bytes(8, "little", signed=True), 1))
    warehouse = embedded(snapshot)
    finish(warehouse, warehouse.start(run="1"))
    assert [row.first_offer_at for row in read_all(warehouse, "1")] == [None]


def test_slice_that_does_not_fit_into_the_memory_is_cut_until_it_does(snapshot: Path) -> None:
    ids = "'seller-0' || unnest(range(10, 50))"
    columns = {**SELLER_COLUMNS, "seller_id": ids, "name": "repeat('n', 1000000)"}
    select = ", ".join(f"{value} AS {name}" for name, value in columns.items())
    write_query(snapshot / "sellers" / "0.parquet", f"SELECT {select}")
    warehouse = replace(embedded(snapshot), memory_limit="160MB")
    handle = warehouse.start(run="1")
    looks = [warehouse.look(handle) for _ in range(2)]
    assert looks[1].rows is None
    assert finish(warehouse, handle).rows == 40
    assert {len(row.name or "") for row in read_all(warehouse, handle)} == {1_000_000}


def test_name_of_a_directory_is_no_column(tmp_path: Path) -> None:
    snapshot = tmp_path / "seller_id=7" / "status=8" / "snapshot"
    warehouse = embedded(write_snapshot(snapshot, sellers=SELLERS, offers=OFFERS))
    finish(warehouse, warehouse.start(run="1"))
    assert read_all(warehouse, "1")[0].seller_id == "seller-000"


def test_paths_are_never_part_of_a_query_or_a_pattern(tmp_path: Path) -> None:
    name = """'); DROP TABLE offers;-- "q" [x]*? k=1 {a,b} $low %41"""
    snapshot = write_snapshot(tmp_path / name, sellers=SELLERS, offers=OFFERS)
    for letter in "xy":
        write_snapshot(tmp_path / letter, sellers=[Seller(letter)], offers=[Offer(letter)])
        shutil.copy(tmp_path / letter / "offers" / "0.parquet", snapshot / "offers" / letter)
    shutil.move(snapshot / "offers" / "x", snapshot / "offers" / "[xy].parquet")
    shutil.move(snapshot / "offers" / "y", snapshot / "offers" / "y.parquet")
    warehouse: EmbeddedWarehouse = embedded(snapshot)
    handle = warehouse.start(run="1")
    assert finish(warehouse, handle).rows == 50
    assert len(read_all(warehouse, handle)) == 50
    assert warehouse.facts(handle).orphan_offers == 2
