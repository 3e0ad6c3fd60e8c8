"""Who comes first: interactive, then bulk, then background, and none of them waits for ever."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clients.pacing import Lane, NoSlotError
from tests.clients.hurried import INTERVAL, Hurried, steps

ROUND = 7  # slots, of which interactive takes at most five


def taken_ahead(hurried: Hurried, lane: Lane) -> list[int]:
    """All slots that `lane` can have at once."""
    return list(iter(lambda: hurried.reserve_if_any(lane), None))


def test_interactive_reserves_up_to_two_seconds_ahead(hurried: Hurried) -> None:
    row = taken_ahead(hurried, Lane.INTERACTIVE)
    assert len(row) == 14
    assert set(steps(row)) == {INTERVAL}


def test_refused_interactive_is_told_when_there_is_room_again(hurried: Hurried) -> None:
    row = taken_ahead(hurried, Lane.INTERACTIVE)
    with pytest.raises(NoSlotError) as refusal:
        hurried.pace.reserve(Lane.INTERACTIVE, patience=60)
    hurried.pass_time(refusal.value.retry_after)
    assert hurried.reserve(Lane.INTERACTIVE) == max(row) + INTERVAL


def test_bulk_gets_one_slot_ahead_and_no_more(hurried: Hurried) -> None:
    assert len(taken_ahead(hurried, Lane.BULK)) == 1


def test_interactive_waits_two_slots_at_most_behind_bulk(hurried: Hurried) -> None:
    for _ in range(10):
        hurried.reserve(Lane.BULK, patience=5)
    assert hurried.reserve(Lane.INTERACTIVE) - hurried.now() <= 2 * INTERVAL


def test_patient_bulk_waits_for_its_turn(hurried: Hurried) -> None:
    row = taken_ahead(hurried, Lane.INTERACTIVE)
    assert hurried.reserve(Lane.BULK, patience=3) == max(row) + INTERVAL


def test_bulk_without_patience_is_told_when_to_come_back(hurried: Hurried) -> None:
    taken_ahead(hurried, Lane.INTERACTIVE)
    with pytest.raises(NoSlotError) as refusal:
        hurried.pace.reserve(Lane.BULK, patience=0)
    hurried.pass_time(refusal.value.retry_after)
    hurried.reserve(Lane.BULK)


def test_waiting_bulk_gets_two_slots_of_seven_of_an_interactive_flood(hurried: Hurried) -> None:
    hurried.reserve_if_any(Lane.BULK)
    hurried.reserve_if_any(Lane.BULK)  # refused: it waits from now on
    flood = taken_ahead(hurried, Lane.INTERACTIVE)
    left = [moment for moment in range(flood[0], flood[-1], INTERVAL) if moment not in flood]
    assert len(left) >= 2
    assert [hurried.reserve(Lane.BULK, patience=5) for _ in left] == left


def test_slot_left_to_bulk_that_nobody_took_in_time_is_given_out_again(hurried: Hurried) -> None:
    hurried.reserve_if_any(Lane.BULK)
    hurried.reserve_if_any(Lane.BULK)
    flood = taken_ahead(hurried, Lane.INTERACTIVE)
    left = [moment for moment in range(flood[0], flood[-1], INTERVAL) if moment not in flood]
    hurried.pass_time((left[-1] - hurried.now()) / 1_000_000)
    assert left[-1] < hurried.reserve(Lane.BULK) < left[-1] + INTERVAL


@given(before=st.integers(0, 20), pauses=st.lists(st.floats(0.0, 0.3), min_size=10, max_size=60))
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_interactive_takes_five_of_seven_slots_at_most_while_bulk_waits(
    open_another: Callable[[], Hurried], before: int, pauses: list[float]
) -> None:
    hurried = open_another()
    for _ in range(before):
        hurried.reserve_if_any(Lane.INTERACTIVE)
    began = hurried.now() + 2_000_000 + INTERVAL  # behind what was given out before bulk came
    owners: dict[int, Lane] = {}
    for pause in pauses:
        for lane in (Lane.BULK, Lane.INTERACTIVE, Lane.INTERACTIVE, Lane.BULK):
            moment = hurried.reserve_if_any(lane)
            if moment is not None and moment > began:
                owners[moment] = lane
        hurried.pass_time(pause)
    for moment in owners:
        seven = range(moment, moment + ROUND * INTERVAL)
        lanes = [lane for other, lane in owners.items() if other in seven]
        assert lanes.count(Lane.INTERACTIVE) <= 5


def bulk_alone(hurried: Hurried, slots: int) -> list[int]:
    return [hurried.reserve(Lane.BULK, patience=5) for _ in range(slots)]


def test_slowed_bulk_gets_two_slots_of_any_seven(hurried: Hurried) -> None:
    bulk_alone(hurried, 5)
    hurried.pace.slow_bulk(seconds=60)
    row = bulk_alone(hurried, 20)
    rounds = [later - earlier for earlier, later in zip(row, row[2:], strict=False)]
    assert all(ROUND * INTERVAL <= span < (ROUND + 1) * INTERVAL for span in rounds), rounds


def test_slowed_bulk_keeps_nobody_else_waiting(hurried: Hurried) -> None:
    hurried.pace.slow_bulk(seconds=60)
    bulk_alone(hurried, 4)
    hurried.reserve_if_any(Lane.BULK)
    assert hurried.reserve(Lane.INTERACTIVE) - hurried.now() <= 2 * INTERVAL


def test_slowed_bulk_is_not_starved_by_an_interactive_flood(hurried: Hurried) -> None:
    hurried.pace.slow_bulk(seconds=60)
    end = hurried.now() + 20_000_000
    got = 0
    while hurried.now() < end:
        taken_ahead(hurried, Lane.INTERACTIVE)
        got += hurried.reserve_if_any(Lane.BULK) is not None
        hurried.pass_time(INTERVAL / 1_000_000)
    assert got >= 20, "one of seven at the very least"


def test_slow_down_of_bulk_ends_by_itself_and_the_last_word_holds(hurried: Hurried) -> None:
    hurried.pace.slow_bulk(seconds=86_400)
    assert hurried.pace.state().bulk_slowed_seconds == pytest.approx(60, abs=1)
    hurried.pace.slow_bulk(seconds=20)
    bulk_alone(hurried, 3)
    hurried.pass_time(20)
    assert hurried.pace.state().bulk_slowed_seconds == 0
    assert set(steps(bulk_alone(hurried, 10))) == {INTERVAL}


def test_memory_of_a_script_that_knew_no_slow_down_is_taken_over(hurried: Hurried) -> None:
    before = hurried.reserve(Lane.BULK)
    hurried.server.eval(
        """
        local plan = cmsgpack.unpack(redis.call('GET', KEYS[1]))
        plan.bulk_slow_until, plan.bulk_taken = nil, nil
        redis.call('SET', KEYS[1], cmsgpack.pack(plan))
        """,
        1,
        hurried.key("plan"),
    )
    assert hurried.reserve(Lane.BULK, patience=5) == before + INTERVAL


def test_background_takes_one_idle_slot_a_second(hurried: Hurried) -> None:
    hurried.pass_time(2)
    first = hurried.reserve(Lane.BACKGROUND, patience=5)
    second = hurried.reserve(Lane.BACKGROUND, patience=5)
    assert 1_000_000 <= second - first < 1_500_000


def test_background_gives_way_to_bulk(hurried: Hurried) -> None:
    hurried.reserve(Lane.BACKGROUND, patience=5)
    for _ in range(30):
        hurried.reserve(Lane.BULK, patience=5)
        assert hurried.reserve_if_any(Lane.BACKGROUND) is None


def test_background_gives_way_to_interactive(hurried: Hurried) -> None:
    hurried.reserve(Lane.BACKGROUND, patience=5)
    hurried.pass_time(5)
    hurried.reserve(Lane.INTERACTIVE)
    assert hurried.reserve_if_any(Lane.BACKGROUND) is None


def saturated_minute(hurried: Hurried, flood: Callable[[], object]) -> int:
    """Background slots of little more than a minute in which `flood` leaves nothing idle."""
    end = hurried.now() + 65_000_000
    got = 0
    while hurried.now() < end:
        flood()
        got += hurried.reserve_if_any(Lane.BACKGROUND) is not None
        hurried.pass_time(INTERVAL / 1_000_000)
    return got


def test_background_gets_one_slot_a_minute_under_endless_bulk(hurried: Hurried) -> None:
    hurried.reserve(Lane.BACKGROUND, patience=5)
    assert saturated_minute(hurried, lambda: hurried.reserve_if_any(Lane.BULK)) == 1


def test_background_gets_one_slot_a_minute_under_an_endless_flood(hurried: Hurried) -> None:
    hurried.reserve(Lane.BACKGROUND, patience=5)
    assert saturated_minute(hurried, lambda: taken_ahead(hurried, Lane.INTERACTIVE)) == 1
