"""429: a freeze, half speed, the climb back, and a lower ceiling where it keeps happening."""

import pytest

from clients.limiter import RedisPace
from clients.pacing import Lane, NoSlotError
from tests.clients.hurried import INTERVAL, Hurried, steps


def frozen(hurried: Hurried) -> float:
    return hurried.pace.state().frozen_seconds


def after_the_freeze(hurried: Hurried, *, clean_minutes: float = 0) -> RedisPace:
    hurried.pass_time(frozen(hurried) + 60 * clean_minutes + 0.1)
    return hurried.pace


def test_nothing_is_given_out_for_as_long_as_the_service_told(hurried: Hurried) -> None:
    frozen_at = hurried.now()
    hurried.pace.slow_down(30)
    assert hurried.reserve(Lane.BULK, patience=60) >= frozen_at + 30_000_000


@pytest.mark.parametrize("lane", Lane)
def test_every_lane_is_frozen_and_told_for_how_long(hurried: Hurried, lane: Lane) -> None:
    hurried.pace.slow_down(30)
    with pytest.raises(NoSlotError) as refusal:
        hurried.pace.reserve(lane, patience=5)
    assert 27 < refusal.value.retry_after <= 30


def test_background_that_waited_long_is_frozen_like_everybody(hurried: Hurried) -> None:
    hurried.pass_time(120)
    hurried.pace.slow_down(30)
    assert hurried.reserve_if_any(Lane.BACKGROUND) is None


def test_time_of_a_slot_burned_in_a_freeze_is_not_given_out_in_it(hurried: Hurried) -> None:
    slots = [hurried.reserve(Lane.INTERACTIVE) for _ in range(3)]
    hurried.burn(slots[1])
    hurried.pace.slow_down(30)
    hurried.burn(slots[2])
    assert hurried.reserve_if_any(Lane.BULK) is None


def test_slots_left_to_bulk_are_frozen_too(hurried: Hurried) -> None:
    hurried.reserve_if_any(Lane.BULK)
    hurried.reserve_if_any(Lane.BULK)
    for _ in range(10):
        hurried.reserve(Lane.INTERACTIVE)
    hurried.pace.slow_down(30)
    hurried.pass_time(0.8)  # to where bulk could take one of them
    assert hurried.reserve_if_any(Lane.BULK) is None


def test_nobody_is_frozen_for_more_than_a_quarter_of_an_hour(hurried: Hurried) -> None:
    hurried.pace.slow_down(86_400)
    assert frozen(hurried) == pytest.approx(900, abs=1)


def test_a_service_that_tells_no_time_is_left_alone_twice_as_long_each_time(
    hurried: Hurried,
) -> None:
    freezes = []
    for _ in range(6):
        hurried.pace.slow_down(None)
        freezes.append(frozen(hurried))
        after_the_freeze(hurried)
    for freeze, least in zip(freezes, [5, 10, 20, 40, 60, 60], strict=True):
        assert least - 0.5 < freeze <= 1.2 * least


def test_own_back_off_begins_anew_after_ten_clean_minutes(hurried: Hurried) -> None:
    for _ in range(4):
        hurried.pace.slow_down(None)
        after_the_freeze(hurried)
    hurried.pass_time(601)
    hurried.pace.slow_down(None)
    assert frozen(hurried) <= 6


def test_429s_of_requests_that_were_in_flight_together_count_once(hurried: Hurried) -> None:
    for _ in range(5):
        hurried.pace.slow_down(None)
    assert frozen(hurried) <= 6
    state = hurried.pace.state()
    assert (state.rate_limited, state.ceiling) == (5, 1)


def test_longer_time_told_during_a_freeze_is_kept(hurried: Hurried) -> None:
    hurried.pace.slow_down(None)
    hurried.pace.slow_down(120)
    hurried.pace.slow_down(20)
    assert frozen(hurried) == pytest.approx(120, abs=1)


def test_half_speed_after_a_freeze(hurried: Hurried) -> None:
    hurried.pace.slow_down(5)
    row = [hurried.reserve(Lane.BULK, patience=20) for _ in range(10)]
    assert {round(step / INTERVAL, 3) for step in steps(row)} == {2}


@pytest.mark.parametrize(("minutes", "speed"), [(0, 0.5), (1, 0.55), (5, 0.75), (10, 1), (99, 1)])
def test_speed_climbs_back_with_every_clean_minute(
    hurried: Hurried, minutes: int, speed: float
) -> None:
    hurried.pace.slow_down(5)
    state = after_the_freeze(hurried, clean_minutes=minutes).state()
    assert state.speed == pytest.approx(speed)


def test_third_429_in_ten_minutes_lowers_the_ceiling_for_a_day(hurried: Hurried) -> None:
    for _ in range(3):
        assert hurried.pace.state().ceiling == 1
        hurried.pace.slow_down(5)
        after_the_freeze(hurried)
    assert hurried.pace.state().ceiling == pytest.approx(0.98)
    hurried.pass_time(3600)
    assert hurried.pace.state().speed == pytest.approx(0.98)
    hurried.pass_time(86_400)
    assert hurried.pace.state().speed == 1


def test_429s_far_apart_leave_the_ceiling(hurried: Hurried) -> None:
    for _ in range(6):
        hurried.pace.slow_down(5)
        after_the_freeze(hurried, clean_minutes=6)
    assert hurried.pace.state().ceiling == 1


def test_ceiling_has_a_floor(hurried: Hurried) -> None:
    for _ in range(60):
        hurried.pace.slow_down(5)
        after_the_freeze(hurried)
    assert hurried.pace.state().ceiling == pytest.approx(0.8)
