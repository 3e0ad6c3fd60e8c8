"""A topic within this process: for tests, and as the shortest answer to what a topic promises."""

import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from clients.topics.messages import Message
from clients.topics.waiting import WaitingReader


@dataclass(slots=True)
class _Group:
    next: int = 0  # place of the first message that nobody was given
    given: dict[int, tuple["MemoryReader", float, int]] = field(default_factory=dict)


class MemoryTopic:
    """Its messages, for ever, and how far each group is."""

    def __init__(self, name: str = "topic") -> None:
        self.name = name
        self._messages: list[Message] = []
        self._groups: dict[str, _Group] = defaultdict(_Group)
        self._changed = threading.Condition()

    def write(self, data: bytes, *, key: str = "", partition: int = 0) -> None:
        with self._changed:
            place, now = len(self._messages), datetime.now(UTC)
            self._messages.append(Message(self.name, partition, place, key, data, now))
            self._changed.notify_all()

    def reader(self, group: str = "group", *, abandoned_after: float = 60.0) -> "MemoryReader":
        """`abandoned_after`: seconds until it takes what another reader of the group was given."""
        return MemoryReader(self, group, abandoned_after)

    def held(self, group: str = "group") -> int:
        """How many messages the group was given and has not acknowledged, or not given yet."""
        with self._changed:
            found = self._groups[group]
            return len(found.given) + len(self._messages) - found.next

    def take(self, reader: "MemoryReader", most: int, seconds: float) -> list[Message]:
        """Abandoned messages of the reader's group before new ones."""
        with self._changed:
            self._changed.wait_for(lambda: self._due(reader), timeout=seconds)
            group = self._groups[reader.group]
            places = self._due(reader)[:most]
            for place in places:
                attempt = group.given[place][2] + 1 if place in group.given else 1
                group.given[place] = (reader, time.monotonic(), attempt)
            group.next = max([group.next, *(place + 1 for place in places)])
            return [
                replace(self._messages[place], attempt=group.given[place][2]) for place in places
            ]

    def drop(self, reader: "MemoryReader", places: Sequence[int]) -> None:
        with self._changed:
            for place in places:
                self._groups[reader.group].given.pop(place, None)

    def abandon(self, reader: "MemoryReader") -> None:
        """The reader has left: what it holds is for the others at once."""
        with self._changed:
            for place, (holder, _, attempt) in self._groups[reader.group].given.items():
                if holder is reader:
                    self._groups[reader.group].given[place] = (reader, float("-inf"), attempt)
            self._changed.notify_all()

    def _due(self, reader: "MemoryReader") -> list[int]:
        group = self._groups[reader.group]
        long_ago = time.monotonic() - reader.abandoned_after
        abandoned = [place for place, (_, since, _) in group.given.items() if since <= long_ago]
        return [*sorted(abandoned), *range(group.next, len(self._messages))]


class MemoryReader(WaitingReader):
    """A TopicReader."""

    def __init__(self, topic: MemoryTopic, group: str, abandoned_after: float) -> None:
        super().__init__()
        self.topic, self.group, self.abandoned_after = topic, group, abandoned_after

    def ack(self, messages: Sequence[Message]) -> None:
        self.topic.drop(self, [message.offset for message in messages])

    def _take(self, most: int, seconds: float) -> list[Message]:
        return self.topic.take(self, most, seconds)

    def _leave(self) -> None:
        self.topic.abandon(self)
