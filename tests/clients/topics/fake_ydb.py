"""A YDB topic as the SDK's synchronous readers show it: partitions are owned, offsets committed."""

import threading
from dataclasses import dataclass
from datetime import datetime


class SdkError(Exception):
    """The SDK's own base class of errors."""


@dataclass
class SdkMessage:
    partition_id: int
    offset: int
    data: bytes
    reader: "SdkReader"
    generation: int
    message_group_id: str = "producer"
    written_at: datetime = datetime(2026, 11, 1)  # noqa: DTZ001 - as the SDK has it

    @property
    def alive(self) -> bool:
        return self.reader.topic.owner(self.partition_id) == (self.reader, self.generation)


@dataclass
class SdkBatch:
    messages: list[SdkMessage]

    @property
    def alive(self) -> bool:
        return self.messages[0].alive


class SdkTopic:
    """Two partitions, dealt out anew whenever a reader comes or goes."""

    def __init__(self, partitions: int = 2) -> None:
        self.partitions: list[list[bytes]] = [[] for _ in range(partitions)]
        self.committed = [0] * partitions
        self.given = [0] * partitions
        self.readers: list[SdkReader] = []
        self.generation = 0
        self.changed = threading.Condition()

    def write(self, data: bytes, partition: int) -> None:
        with self.changed:
            self.partitions[partition].append(data)
            self.changed.notify_all()

    def reader(self) -> "SdkReader":
        reader = SdkReader(self)
        self.deal([*self.readers, reader])
        return reader

    def deal(self, readers: list["SdkReader"]) -> None:
        with self.changed:
            self.readers = readers
            self.generation += 1
            self.given = list(self.committed)
            self.changed.notify_all()

    def owner(self, partition: int) -> tuple["SdkReader", int] | None:
        if not self.readers:
            return None
        return self.readers[partition % len(self.readers)], self.generation


class SdkReader:
    def __init__(self, topic: SdkTopic) -> None:
        self.topic = topic
        self.failure: Exception | None = None  # what the next call raises

    def receive_batch(self, *, max_messages: int, timeout: float) -> SdkBatch:
        self._fail()
        with self.topic.changed:
            if not self.topic.changed.wait_for(self._mine, timeout=timeout):
                raise TimeoutError
            partition = self._mine()[0]
            first = self.topic.given[partition]
            found = self.topic.partitions[partition][first : first + max_messages]
            self.topic.given[partition] += len(found)
            generation = self.topic.generation
            return SdkBatch(
                [
                    SdkMessage(partition, first + place, data, self, generation)
                    for place, data in enumerate(found)
                ]
            )

    def commit(self, message: SdkMessage) -> None:
        self._fail()
        committed = self.topic.committed
        # Offsets are committed without gaps.
        if committed[message.partition_id] == message.offset:
            committed[message.partition_id] += 1

    def commit_with_ack(self, message: SdkMessage, timeout: float) -> None:
        assert timeout > 0
        self.commit(message)

    def close(self, *, flush: bool, timeout: float) -> None:
        assert flush
        assert timeout > 0
        self._fail()
        self.topic.deal([reader for reader in self.topic.readers if reader is not self])

    def _mine(self) -> list[int]:
        return [
            partition
            for partition, messages in enumerate(self.topic.partitions)
            if self.topic.given[partition] < len(messages)
            and self.topic.owner(partition) == (self, self.topic.generation)
        ]

    def _fail(self) -> None:
        if self.failure is not None:
            failure, self.failure = self.failure, None
            raise failure
