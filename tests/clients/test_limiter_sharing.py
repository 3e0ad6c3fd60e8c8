"""One limiter in many threads and processes, and what a slow Redis does to its slots."""

import multiprocessing
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import Queue
from typing import Any

import pytest
import redis
from redis.typing import EncodableT

from clients.limiter import RedisPace, ReservedSlot
from clients.limiter_tuning import MICROSECONDS
from clients.pacing import Lane, LaneClosedError, NoSlotError, PaceUnavailableError
from tests.clients.hurried import WINDOW_SPAN, Hurried, shortest_window
from tests.waiting import wait_until

FAST = 70.0  # requests/s: ten times amoCRM's, so that real time is short
PATIENCE = 20.0  # seconds


class Stalling(redis.Redis):
    """A server whose answers take `stall` seconds more."""

    stall = 0.0

    def evalsha(self, sha: str, numkeys: int, *keys_and_args: EncodableT) -> Any:
        answer = super().evalsha(sha, numkeys, *keys_and_args)
        threading.Event().wait(self.stall)
        return answer


@pytest.fixture
def stalling(redis_server_url: str) -> Iterator[Stalling]:
    with Stalling.from_url(redis_server_url) as client:
        yield client


@pytest.fixture
def stalled(stalling: Stalling, hurried: Hurried) -> RedisPace:
    return RedisPace(redis=stalling, name=hurried.name, rate=7)


def moments(pace: RedisPace, *, threads: int, slots: int) -> list[int]:
    """What so many threads reserve until they have `slots` together."""

    def reserve(_: int) -> int:
        slot = pace.reserve(Lane.BULK, patience=PATIENCE)
        assert isinstance(slot, ReservedSlot)
        return slot.moment

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(reserve, range(slots)))


def report_moments(url: str, name: str, answers: "Queue[list[int]]") -> None:
    """One process."""
    pace = RedisPace(redis=redis.Redis.from_url(url), name=name, rate=7)
    answers.put(moments(pace, threads=2, slots=6))


def test_processes_share_one_row(redis_server_url: str, hurried: Hurried) -> None:
    context = multiprocessing.get_context("spawn")
    answers = context.Manager().Queue()
    processes = [
        context.Process(target=report_moments, args=(redis_server_url, hurried.name, answers))
        for _ in range(4)
    ]
    for process in processes:
        process.start()
    row = [moment for _ in processes for moment in answers.get(timeout=60)]
    for process in processes:
        process.join(30)
    assert len(row) == 24
    assert shortest_window(row) >= WINDOW_SPAN


def test_threads_of_one_process_ask_one_after_another(server: redis.Redis) -> None:
    def calls() -> int:
        count: int = server.info("commandstats")["cmdstat_evalsha"]["calls"]
        return count

    pace = RedisPace(redis=server, name=uuid.uuid4().hex, rate=FAST)
    pace.open(after_seconds=0)
    before = calls()
    row = moments(pace, threads=10, slots=40)
    assert len(set(row)) == 40
    assert calls() - before < 4 * len(row)


def test_thread_whose_turn_does_not_come_gives_up_when_its_patience_ends(hurried: Hurried) -> None:
    asking, answered = threading.Event(), threading.Event()

    def sleep(_: float) -> None:
        asking.set()
        answered.wait(PATIENCE)

    pace = RedisPace(redis=hurried.server, name=hurried.name, rate=7, sleep=sleep)
    pace.slow_down(30)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(pace.reserve, Lane.BULK, patience=60)
        wait_until(asking.is_set, seconds=10, what="a thread waits for bulk's next slot")
        with pytest.raises(NoSlotError):
            pace.reserve(Lane.BULK, patience=0.1)
        pace.close("403")
        answered.set()
        assert isinstance(first.exception(10), LaneClosedError)


def test_thread_that_burned_a_slot_does_not_stand_in_line(hurried: Hurried) -> None:
    asking, answered = threading.Event(), threading.Event()

    def sleep(_: float) -> None:
        asking.set()
        answered.wait(PATIENCE)

    pace = RedisPace(redis=hurried.server, name=hurried.name, rate=0.5, sleep=sleep)
    burned = pace.reserve(Lane.BULK, patience=0)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(pace.reserve, Lane.BULK, patience=60)
        wait_until(asking.is_set, seconds=10, what="a thread waits for bulk's next slot")
        pace.burn(burned)
        instead = pace.reserve(Lane.BULK, patience=5)
        assert instead.at - burned.at < 1
        answered.set()


def test_slow_answer_does_not_make_a_slot_uncertain(stalling: Stalling, stalled: RedisPace) -> None:
    for _ in range(3):
        stalled.reserve(Lane.INTERACTIVE, patience=0)  # a quick answer among them bounds the clock
    stalling.stall = 0.03
    slot = stalled.reserve(Lane.INTERACTIVE, patience=0)
    assert slot.late_after - slot.at > 0.005


def test_slot_that_is_over_when_we_hear_of_it_is_burned(
    hurried: Hurried, stalling: Stalling, stalled: RedisPace
) -> None:
    stalled.reserve(Lane.INTERACTIVE, patience=0)  # a quick answer: the clocks know each other
    stalling.stall = 0.25  # the next slot is less far ahead
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(stalled.reserve, Lane.INTERACTIVE, patience=0)
        wait_until(
            lambda: hurried.pace.state().burned > 0, seconds=10, what="the late slot is burned"
        )
        stalling.stall = 0.0
        assert waiting.result(10).late_after > time.monotonic()


def test_redis_too_slow_to_keep_time_is_as_good_as_away(
    stalling: Stalling, stalled: RedisPace
) -> None:
    stalling.stall = 0.06
    with pytest.raises(PaceUnavailableError, match="too slowly"):
        stalled.reserve(Lane.INTERACTIVE, patience=0)
    assert stalled.state().burned == 5


def test_state_counts_what_was_given_out_and_refused(hurried: Hurried) -> None:
    pace = hurried.pace
    burned = pace.reserve(Lane.BULK, patience=5)
    for _ in range(2):
        pace.reserve(Lane.BULK, patience=5)
    with pytest.raises(NoSlotError):
        pace.reserve(Lane.BULK, patience=0)
    pace.reserve(Lane.INTERACTIVE, patience=0)
    pace.burn(burned)
    state = pace.state()
    assert state.granted == {Lane.BULK: 3, Lane.INTERACTIVE: 1, Lane.BACKGROUND: 0}
    assert state.refused == {Lane.BULK: 1, Lane.INTERACTIVE: 0, Lane.BACKGROUND: 0}
    assert (state.burned, state.rate_limited, state.slots_ahead) == (1, 0, 2)
    assert state.waited_seconds[Lane.BULK] == pytest.approx(0.02 + 0.16 + 0.29, abs=0.2)
    assert (state.open, state.blocked, state.speed, state.ceiling) == (True, None, 1, 1)


def test_state_tells_blocked_from_never_opened(unopened: Hurried) -> None:
    state = unopened.pace.state()
    assert (state.open, state.blocked) == (False, None)
    unopened.pace.close("403")
    state = unopened.pace.state()
    assert (state.open, state.blocked) == (False, "403")


def test_slot_of_nobody_burns_without_harm(hurried: Hurried) -> None:
    before = hurried.reserve(Lane.BULK)
    hurried.pace.burn(ReservedSlot(at=0, late_after=0, moment=MICROSECONDS))
    assert hurried.reserve(Lane.BULK, patience=5) > before
