"""The inbox: each message once, in an order that nobody can overtake, and not for ever."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections
from django_celery_beat.models import PeriodicTask

from ads import shards
from ads.shards import use_shard
from clients.topics import Message
from operations import counters, statements
from organizations import applying, inbox, tasks
from organizations.inbox import DEAD_KEPT_DAYS, KEPT_DAYS, Sorted
from organizations.models import StatusDeadLetter, StatusEvent, StatusSeen, StatusTopic
from organizations.receiving import Streak, sort
from tests.crossing import behind
from tests.organizations.shard_away import away
from tests.organizations.status_events import happened, message, said
from tests.sharded import committed_on_shards, on_shards

NOW = datetime.now(UTC)


def store(messages: Sequence[Message]) -> None:
    batch, _ = sort(messages, Streak())
    inbox.store(batch, topic="topic")


def apply() -> int:
    return applying.apply_next(most=1000).events


@on_shards
def test_a_message_is_kept_as_it_came() -> None:
    data = said(31, published=False) + b" "
    store([message(data, offset=7, partition=2)])
    event = StatusEvent.objects.get()
    assert (event.source, event.partition, event.event_offset) == ("topic", 2, 7)
    assert (event.permalink, event.published, bytes(event.payload)) == (31, False, data)
    assert StatusTopic.objects.get().name == "topic"


@on_shards
def test_a_message_that_comes_again_is_not_stored_again() -> None:
    first = message(said(31, published=False), offset=7)
    store([first])
    store([first, message(said(31, published=True), offset=8)])
    store([message(said(31, published=True), offset=7, partition=1)])
    assert StatusEvent.objects.count() == 3
    assert counters.totals() == {"status_events:new": 3, "status_events:repeated": 1}


@on_shards
def test_what_is_no_event_is_buried_with_its_reason_once() -> None:
    bad, good = message(b"\xff\x00", offset=1), message(said(31, published=True), offset=2)
    store([bad, good])
    store([bad])
    letter = StatusDeadLetter.objects.get()
    assert (bytes(letter.payload), letter.event_offset) == (b"\xff\x00", 1)
    assert letter.reason.startswith("no JSON")
    assert StatusEvent.objects.get().event_offset == 2
    assert counters.totals() == {"status_events:new": 1, "status_dead_letters": 1}


def begin_to_store(messages: Sequence[Message]) -> None:
    """As far as `store` has got when its rows have numbers: later it waits for other things, too."""
    batch, _ = sort(messages, Streak())
    inbox._store(batch.events)


def store_without_the_lock(messages: Sequence[Message]) -> None:
    batch, _ = sort(messages, Streak())
    given = inbox._places(messages) | {
        "permalinks": [change.permalink for _, change in batch.events],
        "published": [change.published for _, change in batch.events],
        "times": [change.at for _, change in batch.events],
    }
    statements.fetch_bound(inbox.STORE, given)


@committed_on_shards
@pytest.mark.parametrize(
    ("begin", "store_it", "seen"),
    [
        (begin_to_store, store, {31, 32}),
        (store_without_the_lock, store_without_the_lock, {32}),
    ],
)
def test_a_shard_never_meets_a_later_event_before_an_earlier_one(
    begin: Callable[[Sequence[Message]], None],
    store_it: Callable[[Sequence[Message]], None],
    seen: set[int],
) -> None:
    """Without the lock it does, and the earlier one is lost: the guard is needed."""
    first = [message(said(31, published=True), offset=1)]
    second = [message(said(32, published=True), offset=2)]

    def look() -> None:
        with use_shard(1):
            apply()
        connections.close_all()

    def others_look() -> None:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(look).result()

    behind(lambda: begin(first), [lambda: store_it(second)], meanwhile=others_look)
    others_look()
    with use_shard(1):
        assert set(StatusSeen.objects.values_list("permalink", flat=True)) == seen


def grow_old(*, days: float) -> None:
    moment = NOW - timedelta(days=days)
    StatusEvent.objects.update(received_at=moment)
    StatusDeadLetter.objects.update(received_at=moment)


@on_shards
def test_old_events_go_once_every_shard_has_applied_them() -> None:
    happened(31, published=True)
    grow_old(days=KEPT_DAYS + 1)
    fresh = happened(32, published=True)
    assert inbox.age_out() == 0
    with use_shard(1):
        apply()
    assert inbox.age_out() == 0
    with use_shard(2):
        apply()
    assert inbox.age_out() == 1
    assert StatusEvent.objects.get() == fresh


@on_shards
def test_events_that_are_not_old_stay() -> None:
    happened(31, published=True)
    grow_old(days=KEPT_DAYS - 1)
    shards.for_each_shard(lambda _: apply())
    assert inbox.age_out() == 0


@committed_on_shards
def test_while_a_shard_is_away_nothing_goes() -> None:
    happened(31, published=True)
    grow_old(days=KEPT_DAYS + 1)
    shards.for_each_shard(lambda _: apply())
    with away("shard2"):
        assert inbox.age_out() == 0
    assert inbox.age_out() == 1


@on_shards
def test_dead_letters_are_kept_for_longer() -> None:
    store([message(b"?", offset=1)])
    grow_old(days=KEPT_DAYS + 1)
    inbox.age_out()
    assert StatusDeadLetter.objects.exists()
    grow_old(days=DEAD_KEPT_DAYS + 1)
    inbox.age_out()
    assert not StatusDeadLetter.objects.exists()


@on_shards
def test_dead_letters_that_are_understood_now_become_events() -> None:
    places = [message(said(31, published=True), offset=1), message(b"?", offset=2)]
    inbox.store(Sorted([], [(each, "not yet") for each in places]), topic="topic")
    assert inbox.replay_dead_letters() == 1
    assert StatusEvent.objects.get().event_offset == 1
    assert StatusDeadLetter.objects.get().event_offset == 2


@on_shards
def test_the_sweep_is_beats() -> None:
    entry = PeriodicTask.objects.get(task=tasks.age_out_events.name)
    assert entry.queue == "organizations"
    tasks.age_out_events()
