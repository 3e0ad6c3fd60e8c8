"""The row of slots: even, never eight within a second, and what becomes of burned ones."""

from collections.abc import Callable

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clients.limiter import RedisPace
from clients.pacing import Lane
from tests.clients.hurried import INTERVAL, WINDOW_SPAN, Hurried, shortest_window, steps


def test_slots_are_evenly_spaced(hurried: Hurried) -> None:
    row = [hurried.reserve(Lane.BULK, patience=5) for _ in range(40)]
    assert set(steps(row)) == {INTERVAL}


def test_slots_after_a_pause_do_not_make_up_for_it(hurried: Hurried) -> None:
    hurried.reserve(Lane.BULK)
    hurried.pass_time(60)
    row = [hurried.reserve(Lane.BULK, patience=5) for _ in range(10)]
    assert set(steps(row)) == {INTERVAL}


def test_idle_limiter_gives_a_slot_right_behind_its_lead(hurried: Hurried) -> None:
    asked_at = hurried.now()
    assert 20_000 <= hurried.reserve(Lane.BULK) - asked_at < 120_000


def test_slot_may_be_used_from_its_moment_until_the_tolerance_is_over(hurried: Hurried) -> None:
    pace = RedisPace(redis=hurried.server, name=hurried.name, rate=7)
    slot = pace.reserve(Lane.BULK, patience=0)
    assert 0 < slot.late_after - slot.at <= 0.01


def test_burned_slot_is_given_out_again_a_little_later(hurried: Hurried) -> None:
    first, second = hurried.reserve(Lane.BULK), hurried.reserve(Lane.BULK, patience=5)
    hurried.burn_late(first)
    assert first < hurried.reserve(Lane.BULK) < second


def test_burned_slots_cost_a_saturated_limiter_almost_nothing(hurried: Hurried) -> None:
    row: list[int] = []
    for _ in range(20):
        late, *others = (hurried.reserve(Lane.BULK, patience=5) for _ in range(2))
        hurried.burn_late(late)
        row += [*others, *(hurried.reserve(Lane.BULK, patience=5) for _ in range(9))]
    assert shortest_window(row) >= WINDOW_SPAN
    assert (max(row) - min(row)) / (len(row) - 1) < 1.01 * INTERVAL


def test_slot_with_a_full_window_behind_it_is_not_given_out_again(hurried: Hurried) -> None:
    first, *others = (hurried.reserve(Lane.INTERACTIVE) for _ in range(9))
    hurried.burn_late(first)
    assert hurried.reserve(Lane.INTERACTIVE) == max(others) + INTERVAL


def test_slot_burned_long_ago_is_not_given_out_again(hurried: Hurried) -> None:
    hurried.burn_late(hurried.reserve(Lane.BULK))
    hurried.pass_time(60)
    row = [hurried.reserve(Lane.BULK, patience=5) for _ in range(10)]
    assert set(steps(row)) == {INTERVAL}


def test_burning_twice_gives_the_time_out_once(hurried: Hurried) -> None:
    first, second, third = (hurried.reserve(Lane.INTERACTIVE) for _ in range(3))
    hurried.burn(second)
    hurried.burn(second)
    row = [first, third, *(hurried.reserve(Lane.INTERACTIVE) for _ in range(3))]
    assert set(steps(row)) == {INTERVAL}


Step = tuple[str, float]
ASK = st.sampled_from([(lane.value, 0.0) for lane in Lane])
PASS = st.floats(0.001, 0.4).map(lambda seconds: ("pass", seconds))
BURN = st.integers(0, 15).map(lambda back: ("burn", float(back)))
SLOW_DOWN = st.just(("slow_down", 1.0))
STEPS = st.lists(st.one_of(ASK, ASK, ASK, ASK, PASS, PASS, BURN, SLOW_DOWN), max_size=150)


class Senders:
    """Do one step after the other; `sent`: the slots that were not burned."""

    def __init__(self, hurried: Hurried) -> None:
        self.hurried = hurried
        self.sent: list[int] = []
        self.interactive_waits: list[int] = []

    def do(self, step: Step) -> None:
        match step:
            case ("pass", seconds):
                self.hurried.pass_time(seconds)
            case ("slow_down", seconds):
                self.hurried.pace.slow_down(seconds)
            case ("burn", back):
                for moment in sorted(self.sent, reverse=True)[int(back) : int(back) + 1]:
                    self.sent.remove(moment)
                    self.hurried.burn(moment)
            case (lane, _):
                self.ask(Lane(lane))

    def ask(self, lane: Lane) -> None:
        asked_at = self.hurried.now()
        moment = self.hurried.reserve_if_any(lane)
        if moment is not None:
            self.sent.append(moment)
            if lane is Lane.INTERACTIVE:
                self.interactive_waits.append(moment - asked_at)


@given(taken=STEPS)
@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_eight_slots_come_within_a_second_whatever_happens(
    open_another: Callable[[], Hurried], taken: list[Step]
) -> None:
    senders = Senders(open_another())
    for step in taken:
        senders.do(step)
    assert shortest_window(senders.sent) >= WINDOW_SPAN
    assert max(senders.interactive_waits, default=0) <= 2_100_000
