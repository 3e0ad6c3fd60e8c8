"""Closed unless somebody opened it. A store that forgets, restarts or is away lets nothing out."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from amonition.embedded.daemon import Daemon, ensure_running, stop
from amonition.embedded.valkey import valkey
from clients.limiter import RedisPace
from clients.pacing import Lane, LaneClosedError, PaceUnavailableError
from tests.clients.hurried import INTERVAL, Hurried


@pytest.fixture
def own_server() -> Iterator[Daemon]:
    """A server that a test may flush and stop."""
    with tempfile.TemporaryDirectory(prefix="pace-") as directory:
        daemon = valkey(Path(directory), durable=True)
        ensure_running(daemon)
        yield daemon
        stop(daemon)


@pytest.fixture
def own(own_server: Daemon) -> Iterator[Hurried]:
    """An open limiter on it."""
    with redis.Redis.from_url(own_server.url) as client:
        hurried = Hurried(client, name="own")
        hurried.pace.open(after_seconds=0)
        yield hurried


@pytest.mark.parametrize("lane", Lane)
def test_limiter_that_nobody_opened_gives_out_nothing(unopened: Hurried, lane: Lane) -> None:
    with pytest.raises(LaneClosedError, match="nobody has opened"):
        unopened.pace.reserve(lane, patience=5)


@pytest.mark.parametrize("lane", Lane)
def test_closed_limiter_gives_out_nothing_and_says_why(hurried: Hurried, lane: Lane) -> None:
    hurried.pace.close("403: доступ закрыт")
    with pytest.raises(LaneClosedError, match="blocked: 403: доступ закрыт"):
        hurried.pace.reserve(lane, patience=5)


def test_closing_ends_the_waiting_too(hurried: Hurried) -> None:
    other = RedisPace(
        redis=hurried.server, name=hurried.name, rate=7, sleep=lambda _: hurried.pace.close("403")
    )
    hurried.reserve(Lane.BULK)
    with pytest.raises(LaneClosedError):
        other.reserve(Lane.BULK, patience=60)


def test_endless_reason_is_cut(hurried: Hurried) -> None:
    hurried.pace.close("ы" * 100_000)
    assert hurried.pace.state().blocked == "ы" * 500


def test_operator_opens_a_closed_limiter_the_next_slot_a_second_ahead(hurried: Hurried) -> None:
    hurried.pace.close("403")
    opened_at = hurried.now()
    hurried.pace.open()
    assert 1_000_000 <= hurried.reserve(Lane.INTERACTIVE) - opened_at < 1_200_000
    assert hurried.pace.state().blocked is None


def test_opening_does_not_forget_slots_that_are_out(hurried: Hurried) -> None:
    row = [hurried.reserve(Lane.INTERACTIVE) for _ in range(10)]
    hurried.pace.close("403")
    hurried.pace.open(after_seconds=0)
    assert hurried.reserve(Lane.INTERACTIVE) == max(row) + INTERVAL


def test_watchdog_does_not_lift_a_block(hurried: Hurried) -> None:
    hurried.pace.close("403")
    hurried.pace.ensure_open()
    with pytest.raises(LaneClosedError, match="blocked"):
        hurried.pace.reserve(Lane.BULK, patience=0)


def test_watchdog_leaves_an_open_limiter_as_it_is(hurried: Hurried) -> None:
    first = hurried.reserve(Lane.BULK)
    hurried.pace.ensure_open()
    assert hurried.reserve(Lane.BULK, patience=5) == first + INTERVAL


def test_flush_closes_and_the_watchdog_opens_behind_every_slot_that_is_out(own: Hurried) -> None:
    row = list(iter(lambda: own.reserve_if_any(Lane.INTERACTIVE), None))
    own.server.flushall()
    with pytest.raises(LaneClosedError, match="nobody has opened"):
        own.pace.reserve(Lane.BULK, patience=5)
    own.pace.ensure_open()
    assert own.reserve(Lane.BULK, patience=5) >= max(row) + INTERVAL


def test_restarted_server_that_lost_its_last_second_lets_the_slots_pass(
    own_server: Daemon, own: Hurried
) -> None:
    row = list(iter(lambda: own.reserve_if_any(Lane.INTERACTIVE), None))
    stop(own_server)
    ensure_running(own_server)
    own.server.delete(own.key("plan"))  # what was not yet on the disk
    assert own.reserve(Lane.BULK, patience=5) >= max(row) + INTERVAL


def test_redis_that_is_away_lets_nothing_out(own_server: Daemon, own: Hurried) -> None:
    stop(own_server)
    with pytest.raises(PaceUnavailableError):
        own.pace.reserve(Lane.BULK, patience=5)


def test_clock_that_was_set_back_stops_nobody(hurried: Hurried) -> None:
    hurried.reserve(Lane.BULK)
    hurried.pass_time(-3600)
    hurried.pace.reserve(Lane.BULK, patience=5)


def test_clock_that_was_set_back_forgets_no_slot_that_is_out(hurried: Hurried) -> None:
    taken = [hurried.reserve(Lane.INTERACTIVE) for _ in range(10)]
    hurried.pass_time(-3600)
    assert hurried.reserve(Lane.INTERACTIVE) - hurried.now() > 9 * INTERVAL
    assert hurried.pace.state().slots_ahead == len(taken) + 1


def test_clock_that_was_set_back_leaves_a_freeze_as_long_as_it_is(hurried: Hurried) -> None:
    hurried.pace.slow_down(60)
    hurried.pass_time(-3600)
    assert hurried.pace.state().frozen_seconds == pytest.approx(60, abs=1)


def test_limiters_of_different_names_do_not_know_each_other(
    hurried: Hurried, server: redis.Redis
) -> None:
    other = Hurried(server, name=f"{hurried.name}-other")
    hurried.pace.slow_down(60)
    other.pace.open(after_seconds=0)
    other.pace.reserve(Lane.BULK, patience=0)
    other.pace.close("403")
    assert hurried.pace.state().open


def test_keys_of_one_limiter_share_a_hash_tag_and_all_but_the_block_end_some_day(
    hurried: Hurried,
) -> None:
    hurried.reserve(Lane.BULK)
    keys = {key.decode() for key in hurried.server.scan_iter(f"*{hurried.name}*")}
    assert keys == {hurried.key(part) for part in ("open", "plan", "counters")}
    assert {key for key in keys if hurried.server.ttl(key) < 0} == {hurried.key("open")}
