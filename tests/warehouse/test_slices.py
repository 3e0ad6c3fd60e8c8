"""A run is many small pieces of work: in any number, after any kill, by any number of processes."""

import re
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.waiting import wait_until
from tests.warehouse.snapshots import (
    Offer,
    Seller,
    embedded,
    finish,
    read_all,
    rows_of,
    write_snapshot,
)
from warehouse.embedded.progress import Progress, RunDirectory
from warehouse.embedded.source import find_source
from warehouse.interface import (
    SellerRow,
    SnapshotError,
    SnapshotFacts,
    SnapshotState,
    WarehouseError,
)

SELLERS = [Seller(f"{i * 7919 % 1000:03}", name=f"Продавец {i}") for i in range(100)]
OFFERS = [Offer(seller.seller_id, category=f"c{i % 9}") for i, seller in enumerate(SELLERS * 2)]
ROWS_PER_SLICE = 30  # of 300 rows: 11 slices

PROGRAM = """
import os, signal, sys
from pathlib import Path
from tests.warehouse.snapshots import embedded, finish
warehouse = embedded(Path(sys.argv[1]), rows_per_slice=30)
handle = warehouse.start(run="1")
"""
FINISH = PROGRAM + "finish(warehouse, handle)"
LOOK_THREE_TIMES_AND_DIE = PROGRAM + (
    "[warehouse.look(handle) for _ in range(3)]; os.kill(os.getpid(), signal.SIGKILL)"
)


class Undisturbed(NamedTuple):
    """A sound snapshot, and what a run on it gives when nothing happens to it."""

    snapshot: Path
    rows: list[SellerRow]
    facts: SnapshotFacts


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """100 sellers, 200 offers."""
    directory = tmp_path_factory.mktemp("slices") / "snapshot"
    warehouse = embedded(write_snapshot(directory, sellers=SELLERS, offers=OFFERS))
    return Undisturbed(snapshot=directory, rows=rows_of(warehouse), facts=warehouse.facts("1"))


@pytest.fixture
def snapshot(undisturbed: Undisturbed, tmp_path: Path) -> Path:
    """A copy of it, for one test to do what it wants with."""
    return shutil.copytree(undisturbed.snapshot, tmp_path / "snapshot")


@pytest.fixture
def expected(undisturbed: Undisturbed) -> list[SellerRow]:
    """The rows of a run that nothing disturbed."""
    return undisturbed.rows


def process(code: str, snapshot: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", code, str(snapshot)])  # noqa: S603 - our own code


@pytest.mark.parametrize("rows_per_slice", [7, 60, 149, 300, 301])
def test_rows_and_facts_do_not_depend_on_the_number_of_slices(
    snapshot: Path, undisturbed: Undisturbed, rows_per_slice: int
) -> None:
    warehouse = embedded(snapshot, rows_per_slice=rows_per_slice)
    assert rows_of(warehouse) == undisturbed.rows
    assert warehouse.facts("1") == undisturbed.facts
    assert [row.seller_id for row in undisturbed.rows] == sorted(s.seller_id or "" for s in SELLERS)


def test_each_look_does_one_piece_of_work_and_tells_how_far_it_is(snapshot: Path) -> None:
    warehouse = embedded(snapshot, rows_per_slice=150)
    handle = warehouse.start(run="1")
    looks = [warehouse.look(handle) for _ in range(5)]
    assert [look.state for look in looks] == [SnapshotState.RUNNING] * 3 + [SnapshotState.READY] * 2
    assert [look.progress for look in looks] == [0.25, 0.5, 0.75, 1.0, 1.0]
    assert [look.rows for look in looks] == [None, None, None, 100, 100]


def test_second_start_of_a_run_changes_nothing(snapshot: Path, expected: list[SellerRow]) -> None:
    warehouse = embedded(snapshot)
    handle = warehouse.start(run="1")
    finish(warehouse, handle)
    write_snapshot(snapshot, sellers=[], offers=[])
    assert warehouse.start(run="1") == handle
    assert read_all(warehouse, handle) == expected


def test_slower_of_two_starts_does_not_undo_the_faster(tmp_path: Path, snapshot: Path) -> None:
    directory = RunDirectory(tmp_path, "1")
    faster = Progress(version="faster", source=find_source(snapshot))
    directory.create(faster)
    directory.create(replace(faster, version="slower"))
    assert directory.load() == faster
    assert [path.name for path in directory.root.iterdir()] == ["state.json"]


def test_as_of_is_the_time_of_the_newest_file(snapshot: Path) -> None:
    warehouse = embedded(snapshot)
    newest = max(file.stat().st_mtime for file in snapshot.glob("*/*"))
    told = warehouse.look(warehouse.start(run="1")).as_of
    assert abs(told.timestamp() - newest) < 2e-6  # a float of today's seconds is no finer


def test_run_goes_on_after_a_kill_between_slices_without_repeating_any(
    snapshot: Path, expected: list[SellerRow]
) -> None:
    warehouse = embedded(snapshot, rows_per_slice=ROWS_PER_SLICE)
    assert process(LOOK_THREE_TIMES_AND_DIE, snapshot).wait(60) == -signal.SIGKILL
    parts = {part: part.stat().st_ino for part in (warehouse.work_dir / "1").glob("part-*")}
    finish(warehouse, "1")
    assert len(parts) == 2
    assert parts == {part: part.stat().st_ino for part in parts}
    assert read_all(warehouse, "1") == expected


def test_run_goes_on_after_a_kill_in_the_middle(snapshot: Path, undisturbed: Undisturbed) -> None:
    warehouse = embedded(snapshot, rows_per_slice=ROWS_PER_SLICE)
    victim = process(FINISH, snapshot)
    wait_until(
        (warehouse.work_dir / "1" / "part-00001.parquet").exists,
        seconds=60,
        what="two slices",
    )
    victim.kill()
    victim.wait(60)
    finish(warehouse, "1")
    assert read_all(warehouse, "1") == undisturbed.rows
    assert warehouse.facts("1") == undisturbed.facts


def test_half_written_files_of_a_killed_process_are_never_read(
    snapshot: Path, expected: list[SellerRow]
) -> None:
    warehouse = embedded(snapshot, rows_per_slice=ROWS_PER_SLICE)
    handle = warehouse.start(run="1")
    warehouse.look(handle)
    for name in ("part-00000.draft", "part-00000.parquet", "state.draft", "state-1.json"):
        (warehouse.work_dir / "1" / name).write_bytes(b"PAR1 half")
    finish(warehouse, handle)
    assert read_all(warehouse, handle) == expected


def test_several_processes_may_look_at_once(snapshot: Path, undisturbed: Undisturbed) -> None:
    processes = [process(FINISH, snapshot) for _ in range(3)]
    assert [each.wait(100) for each in processes] == [0, 0, 0]
    warehouse = embedded(snapshot)
    assert read_all(warehouse, "1") == undisturbed.rows
    assert warehouse.facts("1") == undisturbed.facts


def test_look_does_not_wait_for_whoever_works_on_the_run(snapshot: Path) -> None:
    warehouse = embedded(snapshot, rows_per_slice=ROWS_PER_SLICE)
    handle = warehouse.start(run="1")
    first = warehouse.look(handle)
    with RunDirectory(warehouse.work_dir, handle).lock() as mine:
        assert mine
        assert warehouse.look(handle) == first
    assert warehouse.look(handle).progress > first.progress


def test_new_query_version_begins_an_unfinished_run_again(
    snapshot: Path, expected: list[SellerRow]
) -> None:
    old = replace(embedded(snapshot, rows_per_slice=ROWS_PER_SLICE), version="old")
    handle = old.start(run="1")
    reached = [old.look(handle).progress for _ in range(5)][-1]
    warehouse = embedded(snapshot, rows_per_slice=ROWS_PER_SLICE)
    assert warehouse.look(handle).progress < reached
    finish(warehouse, handle)
    assert read_all(warehouse, handle) == expected


def test_discarded_run_is_gone_for_everybody_and_may_be_started_anew(
    snapshot: Path, expected: list[SellerRow]
) -> None:
    warehouse = embedded(snapshot)
    finish(warehouse, warehouse.start(run="1"))
    warehouse.discard("1")
    warehouse.discard("1")
    with pytest.raises(SnapshotError, match="start a new run"):
        warehouse.look("1")
    with pytest.raises(SnapshotError, match="start a new run"):
        warehouse.read("1", start=0, stop=1)
    assert list(warehouse.work_dir.iterdir()) == []
    assert rows_of(warehouse) == expected


def test_run_discarded_while_it_is_computed_ends_with_a_clear_error(snapshot: Path) -> None:
    warehouse = embedded(snapshot, rows_per_slice=ROWS_PER_SLICE)
    handle = warehouse.start(run="1")
    with ThreadPoolExecutor(1) as pool:
        looking = pool.submit(finish, warehouse, handle)
        wait_until(
            (warehouse.work_dir / "1" / "part-00001.parquet").exists, seconds=60, what="some work"
        )
        warehouse.discard(handle)
        error = looking.exception(60)
    assert isinstance(error, SnapshotError)
    assert "discarded" in str(error)


@pytest.mark.parametrize("state", [b"", b"[]", b"{}", b'{"version": 1, "cuts": [], "facts": {}}'])
def test_state_of_another_version_is_a_clear_error(snapshot: Path, state: bytes) -> None:
    warehouse = embedded(snapshot)
    handle = warehouse.start(run="1")
    (warehouse.work_dir / "1" / "state.json").write_bytes(state)
    with pytest.raises(SnapshotError, match="another version: start a new run"):
        warehouse.look(handle)


def test_work_directory_that_cannot_be_made_is_a_clear_error(snapshot: Path) -> None:
    warehouse = embedded(snapshot)
    warehouse.work_dir.write_bytes(b"a file")
    with pytest.raises(WarehouseError, match="work cannot be written"):
        warehouse.start(run="1")


def test_unfinished_snapshot_gives_neither_rows_nor_facts(snapshot: Path) -> None:
    warehouse = embedded(snapshot)
    handle = warehouse.start(run="1")
    with pytest.raises(WarehouseError, match="not ready"):
        warehouse.read(handle, start=0, stop=1)
    with pytest.raises(WarehouseError, match="not ready"):
        warehouse.facts(handle)


@pytest.mark.parametrize("run", ["", ".", "..", "../1", "a/b", "a\x00", "1\n", "x" * 65, "ё"])
def test_name_of_a_run_cannot_leave_the_work_directory(snapshot: Path, run: str) -> None:
    with pytest.raises(ValueError, match=re.escape("not the name of a run")):
        embedded(snapshot).start(run=run)
