"""The decisions of a hedged call, on a virtual clock: nothing waits here."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.directory.client import SEARCH, USUAL
from clients.hedging.budget import Budget
from clients.hedging.outcomes import Ending
from clients.hedging.policy import HedgePolicy
from clients.hedging.race import Failed, Reason
from tests.clients.hedging.virtual import HANGS, Scripted, fails, ok, play

AT_ONCE = replace(USUAL, pause=(0.0, 0.0))


@pytest.mark.requirement("R87")
@pytest.mark.parametrize(
    ("script", "starts", "winner", "ended_at"),
    [
        ([ok(0.04)], [0.0], 0, 0.04),
        ([HANGS, ok(0.04)], [0.0, 0.5], 1, 0.54),
        ([ok(0.7), ok(0.9)], [0.0, 0.5], 0, 0.7),
        ([HANGS, HANGS, ok(0.04)], [0.0, 0.5, 1.0], 2, 1.04),
        ([fails(0.01), ok(0.04)], [0.0, 0.01], 1, 0.05),
        ([fails(0.6), HANGS, ok(0.04)], [0.0, 0.5, 0.6], 2, 0.64),
        ([HANGS, HANGS, HANGS], [0.0, 0.5, 1.0], None, 3.0),
    ],
)
def test_trace(
    script: Sequence[Scripted], starts: list[float], winner: int | None, ended_at: float
) -> None:
    played = play(AT_ONCE, script)
    assert played.starts == pytest.approx(starts)
    assert played.winner == winner
    assert played.ended_at == pytest.approx(ended_at)
    assert played.left_running == set()


@pytest.mark.requirement("R87")
@pytest.mark.parametrize(
    ("policy", "most", "seconds"),
    [
        (USUAL, 1, 6.0),
        (USUAL, 2, 4.0),
        (USUAL, 3, 3.0),
        (SEARCH, 1, 15.0),
        (SEARCH, 2, 10.0),
        (SEARCH, 3, 7.0),
    ],
)
def test_worst_case(policy: HedgePolicy, most: int, seconds: float) -> None:
    policy = replace(policy, max_in_flight=most)
    played = play(policy, [])
    assert played.verdict == Failed(Reason.EXHAUSTED)
    assert (policy.worst_case(), played.ended_at) == (seconds, seconds)
    assert len(played.starts) == 3


@pytest.mark.requirement("R88")
def test_search_has_figures_of_its_own() -> None:
    assert (SEARCH.attempt_timeout, SEARCH.soft_timeout, SEARCH.retries) == (5.0, 1.0, 2)
    assert (USUAL.attempt_timeout, USUAL.soft_timeout, USUAL.retries) == (2.0, 0.5, 2)


def test_the_figures_have_no_defaults() -> None:
    with pytest.raises(TypeError):
        HedgePolicy()  # type: ignore[call-arg]


@pytest.mark.parametrize(
    "wrong",
    [{"soft_timeout": 0.0}, {"soft_timeout": 2.1}, {"retries": -1}, {"max_in_flight": 0},
     {"pause": (0.2, 0.1)}],
)  # fmt: skip
def test_odd_figures_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        replace(USUAL, **wrong)  # type: ignore[arg-type]


def test_a_fast_failure_is_followed_after_a_pause() -> None:
    played = play(USUAL, [fails(0.01), fails(0.01), ok(0.04)], draw=max)
    assert played.starts == pytest.approx([0.0, 0.11, 0.22])
    assert played.kinds == ["first", "retry", "retry"]


def test_a_slow_failure_is_followed_at_once() -> None:
    assert play(USUAL, [fails(0.05), ok(0.04)]).starts == pytest.approx([0.0, 0.05])


def test_kinds_say_why_an_attempt_started() -> None:
    played = play(USUAL, [fails(0.6), HANGS, ok(0.04)])
    assert played.kinds == ["first", "hedge", "retry"]


def test_a_final_answer_ends_the_call_and_the_others() -> None:
    played = play(USUAL, [HANGS, ok(0.1)])
    assert (played.winner, played.abandoned) == (1, [0])


def test_of_two_in_one_moment_the_earlier_started_wins() -> None:
    assert play(USUAL, [ok(0.75), ok(0.25)]).winner == 0


def test_told_to_wait_nobody_hedges() -> None:
    played = play(USUAL, [fails(0.3, retry_after=0.9), ok(0.7)])
    assert played.starts == pytest.approx([0.0, 1.2])
    assert played.winner == 1


def test_told_to_wait_while_another_flies_it_is_waited_for() -> None:
    played = play(USUAL, [fails(0.6, retry_after=0.1), fails(1.0), ok(0.1)])
    assert played.starts == pytest.approx([0.0, 0.5, 1.5])


def test_told_to_wait_for_too_long_it_gives_up_at_once() -> None:
    played = play(USUAL, [fails(0.3, retry_after=10.0)])
    assert (played.verdict, played.ended_at) == (Failed(Reason.EXHAUSTED), 0.3)


def test_a_deadline_ends_the_call() -> None:
    played = play(USUAL, [], until=0.8)
    assert (played.verdict, played.ended_at) == (Failed(Reason.DEADLINE), 0.8)
    assert played.starts == pytest.approx([0.0, 0.5])


def test_no_attempt_starts_that_could_not_connect_before_the_deadline() -> None:
    assert play(USUAL, [], until=0.52).starts == [0.0]
    assert play(USUAL, [], until=0.01).starts == []
    played = play(USUAL, [fails(0.5)], until=0.52)
    assert (played.verdict, played.ended_at) == (Failed(Reason.DEADLINE), 0.5)


@pytest.mark.requirement("C7")
def test_what_may_not_be_repeated_flies_alone() -> None:
    played = play(USUAL, [HANGS, ok(0.1)], idempotent=False)
    assert (played.starts, played.most) == ([0.0], 1)
    assert (played.verdict, played.ended_at) == (Failed(Reason.EXHAUSTED), 2.0)


@pytest.mark.requirement("C7")
def test_what_may_not_be_repeated_is_tried_again_if_it_was_not_sent() -> None:
    script = [fails(0.2, ending=Ending.NOT_SENT), ok(0.1)]
    assert play(USUAL, script, idempotent=False).winner == 1
    # sent and failed: its own error is the result
    assert play(USUAL, [fails(0.2), ok(0.1)], idempotent=False).winner == 0


def test_without_a_budget_there_is_one_attempt() -> None:
    hanging = play(USUAL, [ok(1.9), ok(0.1)], allow=lambda: False)
    assert (hanging.starts, hanging.winner, hanging.race.denied) == ([0.0], 0, True)
    failing = play(USUAL, [fails(0.2), ok(0.1)], allow=lambda: False)
    assert (failing.verdict, failing.ended_at) == (Failed(Reason.BUDGET), 0.2)


def test_a_budget_is_a_tenth_of_the_calls() -> None:
    budget = Budget()
    assert [budget.spend() for _ in range(11)] == [True] * 10 + [False]
    for _ in range(9):
        budget.earn()
    assert not budget.spend()
    budget.earn()
    assert [budget.spend() for _ in range(2)] == [True, False]
    for _ in range(1000):
        budget.earn()
    assert [budget.spend() for _ in range(11)] == [True] * 10 + [False]


seconds = st.floats(0.0, 3.0)
attempts = st.one_of(
    st.just(HANGS),
    st.builds(ok, seconds),
    st.builds(fails, seconds, retry_after=st.none() | seconds),
    st.builds(fails, seconds, ending=st.just(Ending.NOT_SENT)),
)


@st.composite
def policies(draw: st.DrawFn) -> HedgePolicy:
    timeout = draw(st.floats(0.2, 3.0))
    return HedgePolicy(
        attempt_timeout=timeout,
        soft_timeout=timeout * draw(st.floats(0.1, 1.0)),
        retries=draw(st.integers(0, 4)),
        max_in_flight=draw(st.integers(1, 5)),
    )


@given(
    policy=policies(),
    script=st.lists(attempts, max_size=5),
    until=st.none() | seconds,
    idempotent=st.booleans(),
    granted=st.integers(0, 5),
)
def test_whatever_happens_it_stays_within_its_bounds(
    policy: HedgePolicy,
    script: list[Scripted],
    until: float | None,
    idempotent: bool,
    granted: int,
) -> None:
    grants = iter([True] * granted)
    played = play(
        policy,
        script,
        until=until,
        idempotent=idempotent,
        allow=lambda: next(grants, False),
        draw=max,
    )
    alone = replace(policy, max_in_flight=1)
    assert len(played.starts) <= min(policy.retries, granted) + 1
    assert played.most <= (policy.max_in_flight if idempotent else 1)
    assert played.ended_at <= (policy if idempotent else alone).worst_case() + 1e-9
    assert until is None or played.ended_at <= until
    assert played.left_running == set()
    assert len(played.race.tries) == len(played.starts)
