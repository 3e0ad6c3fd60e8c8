"""The table of requirements is complete and up to date, and its maker sees what is missing."""

from pathlib import Path

import pytest

from tests.traceability import marks, table

SOURCE = """
import pytest

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1")]

@pytest.mark.requirement("R2")
@pytest.mark.parametrize("n", [pytest.param(1, marks=pytest.mark.requirement("R3")), case("R6", 2)])
def test_one(n): ...

def test_two(): ...

def helper(): pytest.mark.requirement("R4")

@pytest.mark.requirement("R999")
class TestMany:
    @pytest.mark.requirement("R5")
    def test_three(self): ...
"""


def test_the_table_is_what_the_marks_say() -> None:
    made = table.render(marks.collect(table.TESTS))
    assert table.TABLE.read_text(encoding="utf-8") == made, "make trace"


def test_every_requirement_has_a_test_and_every_mark_is_a_requirement() -> None:
    assert not list(table.gaps(marks.collect(table.TESTS)))


def test_pytest_sees_no_mark_that_the_source_does_not_show(request: pytest.FixtureRequest) -> None:
    """Of what is collected now, which is everything in a whole run."""
    found = marks.collect(table.TESTS)
    seen = {
        (str(mark.args[0]), item.nodeid.partition("[")[0])
        for item in request.session.items
        for mark in item.iter_markers("requirement")
    }
    assert not [(row, test) for row, test in seen if test not in found.get(row, ())]


def test_the_rows_are_those_of_part_one() -> None:
    ours = [f"R{number}" for number in range(1, 101) if number not in {57, 58, 94}]
    assert list(table.requirements()) == ours + [f"C{number}" for number in range(1, 25)]


def test_marks_are_found_wherever_pytest_finds_them(tmp_path: Path) -> None:
    tests = tmp_path / "tests"
    tests.mkdir()
    (tests / "test_some.py").write_text(SOURCE)
    (tests / "helping.py").write_text(SOURCE)
    one, two, three = (f"tests/test_some.py::{name}"
                       for name in ("test_one", "test_two", "TestMany::test_three"))  # fmt: skip
    found = marks.collect(tests)
    assert found == {
        "R1": [one, two, three],
        "R2": [one],
        "R3": [one],
        "R6": [one],
        "R999": [three],
        "R5": [three],
    }
    gaps = list(table.gaps(found))
    assert f"R999 is no requirement of part one: {three}" in gaps
    assert any(gap.startswith("R4 has no test") for gap in gaps)
