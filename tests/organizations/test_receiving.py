"""The job: from the topic to every shard, whatever breaks on the way."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from django.db import connections

from ads.models import ModerationEntry
from ads.shards import use_shard
from clients.topics import Message, TopicReader, TopicUnavailableError
from clients.topics.in_memory import MemoryReader, MemoryTopic
from operations import counters, statements
from operations.models import Alert
from organizations import receiving
from organizations.models import StatusDeadLetter, StatusEvent, StatusTopic
from organizations.receiving import MOST_UNREADABLE, ReceiveOrganizationStatusChangesJob
from tests.organizations.shard_away import away
from tests.organizations.status_events import said, statuses
from tests.organizations.test_applying import linked
from tests.sharded import committed_on_shards
from tests.waiting import wait_until

ONE = 31
SECONDS = 20.0  # until something that takes a tenth of one has happened, at most
PAUSES = (0.02,)

pytestmark = committed_on_shards


@contextmanager
def running(open_reader: Callable[[], TopicReader]) -> Iterator[None]:
    """The job, in threads of its own; asked to stop at the end, which it does."""
    stop = threading.Event()
    job = ReceiveOrganizationStatusChangesJob(
        open_reader=open_reader, topic="topic", stop=stop, pauses=PAUSES, poll_seconds=0.02
    )

    def run() -> None:
        try:
            job.run()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        ended = pool.submit(run)
        try:
            yield
        finally:
            stop.set()
            ended.result(timeout=SECONDS)


def status(permalink: int, *, shard: int) -> set[str]:
    with use_shard(shard):
        return set(statuses(permalink).values())


def wait_for(status_publish: str, *, shard: int, permalink: int = ONE) -> None:
    wait_until(
        lambda: status(permalink, shard=shard) == {status_publish},
        seconds=SECONDS,
        what=f"{status_publish} on shard {shard}",
    )


def unread(topic: MemoryTopic) -> list[Message]:
    """What another reader of the group would be given."""
    return topic.reader(abandoned_after=0).poll(max_messages=1000, timeout=0)


@pytest.fixture
def topic() -> MemoryTopic:
    return MemoryTopic()


@pytest.mark.requirement("R46")
@pytest.mark.requirement("R47")
@pytest.mark.requirement("R48")
def test_an_event_gets_from_the_topic_to_every_shard(topic: MemoryTopic) -> None:
    linked(ONE, shard=1)
    linked(ONE, shard=2)
    topic.write(said(ONE, published=False))
    with running(topic.reader):
        for shard in (1, 2):
            wait_for("unpublished", shard=shard)
    assert unread(topic) == []
    for shard in (1, 2):
        with use_shard(shard):
            assert ModerationEntry.objects.count() == 1
    assert StatusTopic.objects.get().name == "topic"


class Losing(MemoryReader):
    """Its broker goes away at every other call."""

    calls = 0

    def poll(self, *, max_messages: int, timeout: float) -> list[Message]:
        self._stumble()
        return super().poll(max_messages=max_messages, timeout=timeout)

    def ack(self, messages: Sequence[Message]) -> None:
        assert StatusEvent.objects.count() == len(messages), "acknowledged before it was committed"
        self._stumble()
        super().ack(messages)

    def _stumble(self) -> None:
        self.calls += 1
        if self.calls % 2:
            raise TopicUnavailableError("away")


def test_a_broker_that_is_away_is_waited_for_and_committed_rows_alone_are_acknowledged(
    topic: MemoryTopic,
) -> None:
    linked(ONE)
    topic.write(said(ONE, published=False))
    opened: list[bool] = []

    def open_reader() -> TopicReader:
        opened.append(True)
        if len(opened) == 1:
            raise TopicUnavailableError("not yet")
        return Losing(topic, "group", 60.0)

    with running(open_reader):
        wait_for("unpublished", shard=2)
        wait_until(lambda: not topic.held(), seconds=SECONDS, what="the acknowledgement")
    assert unread(topic) == []


def test_a_message_of_a_reader_that_died_is_stored_once(topic: MemoryTopic) -> None:
    """It died after the commit and before the acknowledgement."""
    linked(ONE)
    topic.write(said(ONE, published=False))
    with running(topic.reader):
        wait_for("unpublished", shard=2)
    topic.write(said(ONE, published=True, minute=1))
    again = MemoryTopic()  # everything from the beginning
    again.write(said(ONE, published=False))
    again.write(said(ONE, published=True, minute=1))
    with running(again.reader):
        wait_for("published", shard=2)
    assert StatusEvent.objects.count() == 2
    assert counters.totals() == {"status_events:new": 2, "status_events:repeated": 1}


@pytest.mark.requirement("R47")
def test_a_shard_that_is_away_delays_only_itself(topic: MemoryTopic) -> None:
    linked(ONE, shard=1)
    linked(ONE, shard=2)
    with running(topic.reader):
        with away("shard1"):
            topic.write(said(ONE, published=False))
            wait_for("unpublished", shard=2)
            wait_until(lambda: not topic.held(), seconds=SECONDS, what="the acknowledgement")
        wait_for("unpublished", shard=1)


def test_connections_that_are_lost_are_made_anew(topic: MemoryTopic) -> None:
    linked(ONE)
    lose = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with running(topic.reader):
        topic.write(said(ONE, published=False))
        wait_for("unpublished", shard=2)
        statements.fetch(lose, {})
        topic.write(said(ONE, published=True, minute=1))
        wait_for("published", shard=2)


def test_what_is_no_event_is_put_aside_and_acknowledged(topic: MemoryTopic) -> None:
    linked(ONE)
    topic.write(b"?")
    topic.write(said(ONE, published=False))
    with running(topic.reader):
        wait_for("unpublished", shard=2)
    assert StatusDeadLetter.objects.count() == 1
    assert unread(topic) == []


def test_too_many_in_a_row_stop_the_reading_until_people_let_it_go_on(topic: MemoryTopic) -> None:
    linked(ONE)
    for _ in range(MOST_UNREADABLE + 1):
        topic.write(b"?")
    topic.write(said(ONE, published=False))
    open_alert = Alert.objects.filter(kind=Alert.Kind.STATUS_TOPIC_HELD, recovered_at=None)
    with running(topic.reader):
        wait_until(open_alert.exists, seconds=SECONDS, what="the alert")
    with running(topic.reader):
        pass  # a restart does not go on by itself
    assert StatusDeadLetter.objects.count() == MOST_UNREADABLE
    assert status(ONE, shard=2) == {"published"}
    assert len(unread(topic)) == 2
    with running(lambda: topic.reader(abandoned_after=0)):
        assert receiving.resume() == 0
        wait_for("unpublished", shard=2)
    assert not open_alert.exists()
    assert StatusDeadLetter.objects.count() == MOST_UNREADABLE + 1


def test_a_few_in_between_do_not_stop_the_reading(topic: MemoryTopic) -> None:
    linked(ONE)
    for _ in range(2):
        for _ in range(MOST_UNREADABLE - 1):
            topic.write(b"?")
        topic.write(said(ONE, published=False))
    with running(topic.reader):
        wait_for("unpublished", shard=2)
        wait_until(lambda: not topic.held(), seconds=SECONDS, what="the acknowledgement")
    assert not Alert.objects.exists()


def test_a_mistake_of_ours_ends_the_job(topic: MemoryTopic) -> None:
    def open_reader() -> TopicReader:
        raise ZeroDivisionError

    job = ReceiveOrganizationStatusChangesJob(
        open_reader=open_reader,
        topic="topic",
        stop=threading.Event(),
        pauses=PAUSES,
        poll_seconds=0.02,
    )
    with pytest.raises(ZeroDivisionError):
        job.run()
