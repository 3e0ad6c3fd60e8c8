"""What only YDB does: partitions that are taken away, and a package that may be missing."""

import pytest

from clients.topics import MissingExtraError, TopicUnavailableError, open_reader
from clients.topics.ydb_topics import YdbTopicReader
from tests.clients.topics.brokers import Ydb
from tests.clients.topics.fake_ydb import SdkError
from tests.clients.topics.test_contract import SOON, data


def reader_of(broker: Ydb) -> YdbTopicReader:
    reader = broker.open()
    assert isinstance(reader, YdbTopicReader)
    return reader


def test_messages_of_a_partition_that_was_taken_away_are_not_committed() -> None:
    broker = Ydb()
    broker.write(b"moved", partition=1)
    one = reader_of(broker)
    taken = one.poll(max_messages=1, timeout=SOON)
    other = reader_of(broker)
    one.ack(taken)
    assert broker.topic.committed == [0, 0]
    assert data(other.poll(max_messages=1, timeout=SOON)) == [b"moved"]


@pytest.mark.parametrize("failure", [SdkError("away"), TimeoutError()])
def test_a_commit_that_failed_may_be_tried_again(failure: Exception) -> None:
    broker = Ydb()
    for number in range(3):
        broker.write(b"%d" % number)
    reader = reader_of(broker)
    taken = reader.poll(max_messages=3, timeout=SOON)
    reader._reader.failure = failure
    with pytest.raises(TopicUnavailableError):
        reader.ack(taken)
    reader.ack(taken)
    assert broker.topic.committed == [3, 0]


def test_an_error_of_the_sdk_is_a_broker_that_is_away() -> None:
    reader = reader_of(Ydb())
    reader._reader.failure = SdkError("away")
    with pytest.raises(TopicUnavailableError, match="away"):
        reader.poll(max_messages=1, timeout=0)
    reader._reader.failure = SdkError("away")
    reader.close()


def test_without_the_package_the_error_says_what_to_install() -> None:
    with pytest.raises(MissingExtraError, match=r"-r requirements-ydb\.txt"):
        open_reader("grpc://127.0.0.1:2136/local", topic="t", group="g")
