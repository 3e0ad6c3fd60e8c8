"""What every topic promises, whoever keeps it."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from itertools import chain

import pytest
import redis

from clients.topics import Message, ReaderClosedError, TopicReader
from clients.topics.waiting import SLICE_SECONDS
from tests.clients.topics.brokers import AT_ONCE, Broker, Memory, Streams, Ydb
from tests.waiting import wait_until

Readers = Callable[..., TopicReader]
SOON = 5.0  # at most; what is there is given at once


@pytest.fixture(params=["memory", "redis", "ydb"])
def broker(request: pytest.FixtureRequest, redis_server_url: str, server: redis.Redis) -> Broker:
    made: dict[str, Callable[[], Broker]] = {
        "memory": Memory,
        "redis": lambda: Streams(redis_server_url, server),
        "ydb": Ydb,
    }
    return made[request.param]()


@pytest.fixture
def readers(broker: Broker) -> Iterator[Readers]:
    """Opens readers, and closes them at the end."""
    with ExitStack() as stack:
        yield lambda **given: stack.enter_context(closing(broker.open(**given)))


def data(messages: list[Message]) -> list[bytes]:
    return [message.data for message in messages]


def poll_until(reader: TopicReader, count: int) -> list[Message]:
    """So many messages, in as many polls as it takes."""
    found: list[Message] = []

    def enough() -> bool:
        found.extend(reader.poll(max_messages=count, timeout=AT_ONCE))
        return len(found) >= count

    wait_until(enough, seconds=SOON, what=f"{count} messages")
    return found


def write(broker: Broker, count: int) -> list[bytes]:
    written = [b"%d" % number for number in range(count)]
    for each in written:
        broker.write(each)
    return written


def test_messages_come_in_order_each_at_its_place(broker: Broker, readers: Readers) -> None:
    written = write(broker, 5)
    found = readers().poll(max_messages=10, timeout=SOON)
    assert data(found) == written
    places = [(each.source, each.partition, each.offset) for each in found]
    assert places == sorted(set(places))
    assert {each.attempt for each in found} == {1}
    assert all(each.written_at.tzinfo for each in found)


def test_a_batch_has_as_many_messages_as_were_asked_for(broker: Broker, readers: Readers) -> None:
    written = write(broker, 5)
    reader = readers()
    batches = [data(reader.poll(max_messages=2, timeout=SOON)) for _ in range(3)]
    assert batches == [written[:2], written[2:4], written[4:]]


def test_where_there_is_nothing_the_wait_ends(broker: Broker, readers: Readers) -> None:
    reader = readers()
    began = time.monotonic()
    assert reader.poll(max_messages=1, timeout=0.1) == []
    assert 0.09 <= time.monotonic() - began < SOON


def test_a_message_that_comes_meanwhile_ends_the_wait(broker: Broker, readers: Readers) -> None:
    reader = readers()
    assert reader.poll(max_messages=1, timeout=AT_ONCE) == []
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(reader.poll, max_messages=1, timeout=60.0)
        broker.write(b"late")
        assert data(waiting.result(timeout=SOON)) == [b"late"]


def test_what_was_acknowledged_does_not_come_again(broker: Broker, readers: Readers) -> None:
    write(broker, 3)
    reader = readers()
    reader.ack(reader.poll(max_messages=3, timeout=SOON))
    broker.crash(reader)
    broker.write(b"next")
    heir = readers(abandoned_after=AT_ONCE)
    assert data(poll_until(heir, 1)) == [b"next"]


def test_what_was_not_acknowledged_comes_again_after_a_crash(
    broker: Broker, readers: Readers
) -> None:
    written = write(broker, 4)
    reader = readers()
    first = reader.poll(max_messages=4, timeout=SOON)
    reader.ack(first[:1])
    broker.crash(reader)
    again = poll_until(readers(abandoned_after=AT_ONCE), 3)
    assert data(again) == written[1:]
    assert [each.offset for each in again] == [each.offset for each in first[1:]]


def test_what_was_not_acknowledged_comes_again_after_a_close(
    broker: Broker, readers: Readers
) -> None:
    written = write(broker, 2)
    reader = broker.open()
    reader.poll(max_messages=2, timeout=SOON)
    reader.close()
    assert data(poll_until(readers(abandoned_after=AT_ONCE), 2)) == written


def test_nothing_may_be_acknowledged(broker: Broker, readers: Readers) -> None:
    reader = readers()
    reader.ack([])
    write(broker, 1)
    assert len(reader.poll(max_messages=1, timeout=SOON)) == 1


def test_a_close_ends_the_wait(broker: Broker) -> None:
    reader = broker.open()
    reader.poll(max_messages=1, timeout=AT_ONCE)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(reader.poll, max_messages=1, timeout=60.0)
        reader.close()
        with suppress(ReaderClosedError):  # where the close was first
            assert waiting.result(timeout=SLICE_SECONDS + SOON) == []
    with pytest.raises(ReaderClosedError):
        reader.poll(max_messages=1, timeout=AT_ONCE)
    reader.close()


def test_two_readers_of_a_group_share_the_work(broker: Broker, readers: Readers) -> None:
    one, other = readers(), readers()
    for number in range(8):
        broker.write(b"%d" % number, partition=number % broker.partitions)
    shared = [data(poll_until(reader, 4)) for reader in (one, other)]
    assert sorted(chain.from_iterable(shared)) == [b"%d" % number for number in range(8)]
    assert one.poll(max_messages=8, timeout=AT_ONCE) == []
