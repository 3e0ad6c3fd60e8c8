"""Mapping the server's clock to ours: bounds that hold, and close in with every answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.limiter_clock import DRIFT, ServerClock

AHEAD = 1_700_000_000.0  # the server's clock minus ours, seconds: what nobody is told


def observe(clock: ServerClock, *, asked_at: float, there: float, back: float) -> tuple[float, ...]:
    """An answer that took so long there and back; the bounds of the server's time minus ours."""
    offset = clock.observe(
        asked_at=asked_at,
        server_time=asked_at + there + AHEAD,
        answered_at=asked_at + there + back,
    )
    return -offset.most, -offset.least


spans = st.floats(0, 0.1)


@given(answers=st.lists(st.tuples(st.floats(0, 1), spans, spans), min_size=1, max_size=30))
def test_truth_always_lies_between_the_bounds(answers: list[tuple[float, float, float]]) -> None:
    clock, now = ServerClock(), 1000.0
    for pause, there, back in answers:
        now += pause
        least, most = observe(clock, asked_at=now, there=there, back=back)
        now += there + back
        assert least - 1e-6 <= AHEAD <= most + 1e-6
        assert most - least <= there + back + 1e-6


def test_slow_answer_behind_a_quick_one_is_no_less_certain() -> None:
    clock = ServerClock()
    observe(clock, asked_at=1000.0, there=0.0001, back=0.0001)
    least, most = observe(clock, asked_at=1000.01, there=0.05, back=0.03)
    assert most - least < 0.001


def test_two_answers_held_up_on_different_ways_make_a_certain_one() -> None:
    clock = ServerClock()
    observe(clock, asked_at=1000.0, there=0.05, back=0.0001)
    least, most = observe(clock, asked_at=1000.1, there=0.0001, back=0.05)
    assert most - least < 0.001


def test_old_knowledge_fades_as_fast_as_clocks_drift() -> None:
    clock = ServerClock()
    observe(clock, asked_at=1000.0, there=0.0, back=0.0)
    least, most = observe(clock, asked_at=1010.0, there=1.0, back=1.0)
    assert most - least == pytest.approx(2 * 12 * DRIFT, rel=0.01)


@pytest.mark.parametrize("jump", [-3600.0, -0.1, 0.1, 3600.0])
def test_clock_that_was_set_is_believed_at_once(jump: float) -> None:
    clock = ServerClock()
    observe(clock, asked_at=1000.0, there=0.0001, back=0.0001)
    offset = clock.observe(
        asked_at=1001.0, server_time=1001.001 + AHEAD + jump, answered_at=1001.002
    )
    assert (offset.least, offset.most) == pytest.approx(
        (-AHEAD - jump - 0.001, -AHEAD - jump + 0.001)
    )
