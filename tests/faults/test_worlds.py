"""A fixed selection of fault worlds. The long run is `make faults`."""

from pathlib import Path

import pytest

from tests.faults.results import Record, line, table
from tests.faults.slots import Slot, carry_out_all

pytestmark = [pytest.mark.journey, pytest.mark.timeout(600)]

SELECTION = (3, 21, 22)  # together they have every group of `results.GROUPS`


def test_no_promise_is_broken(tmp_path: Path) -> None:
    records: list[Record] = []

    def done(_slot: Slot, record: Record) -> None:
        records.append(record)

    carry_out_all(list(SELECTION), jobs=len(SELECTION), directory=tmp_path, done=done)
    told = "\n".join(line(record) for record in records)
    assert len(records) == len(SELECTION)
    assert not [record for record in records if record.get("violations", True)], told
    assert sum(len(record["hits"]) for record in records) > 5 * len(records), table(
        records, seconds=0
    )
