"""One way to write into each kind of topic, to read it and to die with it."""

import uuid
from typing import Protocol

import redis

from clients.topics import TopicReader
from clients.topics.in_memory import MemoryTopic
from clients.topics.redis_streams import RedisStreamReader
from clients.topics.ydb_topics import YdbTopicReader
from tests.clients.topics.fake_ydb import SdkError, SdkTopic

PATIENT, AT_ONCE = 60.0, 0.0  # seconds until a reader takes what another one was given


class Broker(Protocol):
    partitions: int

    def write(self, data: bytes, *, partition: int = 0) -> None: ...
    def open(self, *, abandoned_after: float = PATIENT) -> TopicReader: ...
    def crash(self, reader: TopicReader) -> None:
        """The reader's process is killed."""


class Memory:
    partitions = 1

    def __init__(self) -> None:
        self.topic = MemoryTopic()

    def write(self, data: bytes, *, partition: int = 0) -> None:
        self.topic.write(data, partition=partition)

    def open(self, *, abandoned_after: float = PATIENT) -> TopicReader:
        return self.topic.reader(abandoned_after=abandoned_after)

    def crash(self, reader: TopicReader) -> None:
        """Others find out by time."""


class Streams:
    partitions = 1

    def __init__(self, url: str, server: redis.Redis) -> None:
        self.url, self.server = url, server
        self.topic = uuid.uuid4().hex

    def write(self, data: bytes, *, partition: int = 0) -> None:
        assert partition == 0
        self.server.xadd(self.topic, {"data": data})

    def open(
        self, *, abandoned_after: float = PATIENT, tidy_every: float = 60.0
    ) -> RedisStreamReader:
        return RedisStreamReader(
            self.url,
            topic=self.topic,
            group="group",
            abandoned_after=abandoned_after,
            tidy_every=tidy_every,
        )

    def crash(self, reader: TopicReader) -> None:
        """Others find out by time."""


class Ydb:
    partitions = 2

    def __init__(self) -> None:
        self.topic = SdkTopic()

    def write(self, data: bytes, *, partition: int = 0) -> None:
        self.topic.write(data, partition)

    def open(self, *, abandoned_after: float = PATIENT) -> TopicReader:
        assert abandoned_after >= 0  # here the server knows at once
        return YdbTopicReader(self.topic.reader(), topic="topic", error=SdkError)

    def crash(self, reader: TopicReader) -> None:
        """The server sees the session end."""
        assert isinstance(reader, YdbTopicReader)
        self.topic.deal([each for each in self.topic.readers if each is not reader._reader])
