"""The guard's rule, over all inputs."""

from hypothesis import given
from hypothesis import strategies as st

from operations import guard

ROWS = st.integers(min_value=0, max_value=2_000_000)


@given(rows=ROWS, previous=ROWS)
def test_less_than_half_of_the_previous_run_is_held(rows: int, previous: int) -> None:
    verdict = guard.judge(rows=rows, previous=previous, ceiling=None, approved=False)
    assert verdict.held == (rows == 0 or rows * 2 < previous)
    assert bool(verdict.reason) == verdict.held


@given(rows=ROWS, previous=ROWS, ceiling=ROWS)
def test_an_approval_is_a_ceiling_and_nothing_else(rows: int, previous: int, ceiling: int) -> None:
    verdict = guard.judge(rows=rows, previous=previous, ceiling=ceiling, approved=True)
    assert verdict.held == (rows > ceiling)


def test_first_run_has_nothing_to_be_compared_with() -> None:
    assert not guard.judge(rows=1, previous=None, ceiling=None, approved=False).held
