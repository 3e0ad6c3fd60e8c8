"""What only a stream of Redis does."""

from contextlib import closing
from typing import Any

import pytest
import redis

from clients.topics import TopicUnavailableError
from clients.topics.redis_streams import RedisStreamReader, entry_id, offset_of
from tests.clients.topics.brokers import AT_ONCE, Streams
from tests.clients.topics.test_contract import SOON, data, poll_until, write


@pytest.fixture
def streams(redis_server_url: str, server: redis.Redis) -> Streams:
    return Streams(redis_server_url, server)


@pytest.mark.parametrize("entry", [b"0-0", b"1796093477247-0", b"1796093477247-1048575"])
def test_an_offset_is_an_id_and_back(entry: bytes) -> None:
    assert entry_id(offset_of(entry)).encode() == entry
    assert offset_of(entry) < 2**63


def test_offsets_are_in_the_order_of_ids() -> None:
    assert offset_of(b"5-9") < offset_of(b"5-10") < offset_of(b"6-0")


@pytest.mark.parametrize("entry", [b"5-1048576", b"18446744073709551615-0"])
def test_an_id_of_no_clock_is_refused(entry: bytes) -> None:
    with pytest.raises(ValueError, match="no place"):
        offset_of(entry)


def test_a_message_says_how_often_it_was_given(streams: Streams) -> None:
    write(streams, 2)
    streams.open().poll(max_messages=2, timeout=SOON)
    with closing(streams.open(abandoned_after=AT_ONCE)) as second:
        assert [each.attempt for each in poll_until(second, 2)] == [2, 2]


def test_the_stream_is_cut_up_to_what_was_acknowledged_and_no_further(
    streams: Streams, server: redis.Redis
) -> None:
    server.config_set("stream-node-max-entries", 1)  # an approximate cut spares a begun node
    write(streams, 10)
    with closing(streams.open(tidy_every=0)) as reader:
        reader.ack(reader.poll(max_messages=4, timeout=SOON))
        held = reader.poll(max_messages=2, timeout=SOON)
        reader.ack(reader.poll(max_messages=2, timeout=SOON))
    entries: Any = server.xrange(streams.topic)  # redis-py types every shape of every version
    left = [fields[b"data"] for _, fields in entries]
    assert left == [b"%d" % number for number in range(4, 10)]
    assert data(held) == [b"4", b"5"]


def test_messages_that_another_group_has_not_read_are_not_cut(
    streams: Streams, server: redis.Redis
) -> None:
    server.config_set("stream-node-max-entries", 1)
    write(streams, 3)
    server.xgroup_create(streams.topic, "slow", id="0")
    with closing(streams.open(tidy_every=0)) as reader:
        reader.ack(reader.poll(max_messages=3, timeout=SOON))
    assert server.xlen(streams.topic) == 3


def test_who_leaves_with_nothing_is_struck_off(streams: Streams, server: redis.Redis) -> None:
    write(streams, 1)
    holder, idler = streams.open(), streams.open()
    holder.poll(max_messages=1, timeout=SOON)
    idler.poll(max_messages=1, timeout=0)
    holder.close()
    idler.close()
    (left,) = server.xinfo_consumers(streams.topic, "group")
    assert left["pending"] == 1


def test_a_server_that_was_emptied_is_joined_again(streams: Streams, server: redis.Redis) -> None:
    with closing(streams.open()) as reader:
        reader.poll(max_messages=1, timeout=0)
        server.delete(streams.topic)
        with pytest.raises(TopicUnavailableError):
            reader.poll(max_messages=1, timeout=0)
        streams.write(b"anew")
        assert data(reader.poll(max_messages=1, timeout=SOON)) == [b"anew"]


def test_a_server_that_is_away_is_unavailable() -> None:
    reader = RedisStreamReader("redis://127.0.0.1:1/0", topic="t", group="g")
    with pytest.raises(TopicUnavailableError):
        reader.poll(max_messages=1, timeout=0)
    reader.close()
