"""A topic that is a stream of Redis or Valkey: one partition, messages in the field `data`.

https://valkey.io/topics/streams-intro. Written with `XADD <topic> * data <bytes> key <text>`. As
durable as the server's append-only file, so at most its last second is lost with the machine.

What a reader that died held is taken by the others once it lies idle (XAUTOCLAIM). A stream is cut
where every group has acknowledged, never by length: that would cut unread messages.
"""

import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError
from redis.retry import Retry

from clients.topics.messages import Message, TopicUnavailableError
from clients.topics.waiting import SLICE_SECONDS, WaitingReader

ABANDONED_SECONDS = 60.0  # longer than a batch takes to be written down, a short outage included
TIDY_SECONDS = 60.0  # between two cuts of the stream
GONE_SECONDS = 86_400  # a member that was silent for a day and holds nothing is struck off
ANSWER_SECONDS = SLICE_SECONDS + 5.0
SEQUENCE_BITS = 20  # of an offset: messages of one millisecond. The others last until the year 2248
PARTITION = 0


class RedisStreamReader(WaitingReader):
    """A TopicReader."""

    def __init__(
        self,
        url: str,
        *,
        topic: str,
        group: str,
        abandoned_after: float = ABANDONED_SECONDS,
        tidy_every: float = TIDY_SECONDS,
    ) -> None:
        super().__init__()
        self._server: Any = redis.Redis.from_url(
            url,
            socket_timeout=ANSWER_SECONDS,
            socket_connect_timeout=ANSWER_SECONDS,
            retry=Retry(NoBackoff(), 0),  # whoever polls has a patience of its own
        )
        self._topic, self._group = topic, group
        self._me = uuid.uuid4().hex
        self._abandoned_after, self._tidy_every = abandoned_after, tidy_every
        self._has_group = False
        self._claim_at, self._claim_from = 0.0, b"0-0"
        self._tidy_at = 0.0

    def ack(self, messages: Sequence[Message]) -> None:
        if not messages:
            return
        with _answering():
            ids = [entry_id(message.offset) for message in messages]
            self._server.xack(self._topic, self._group, *ids)
            if time.monotonic() >= self._tidy_at:
                self._tidy_at = time.monotonic() + self._tidy_every
                self._cut()
                self._strike_off()

    def _take(self, most: int, seconds: float) -> list[Message]:
        with _answering():
            try:
                self._join()
                return self._claim(most) or self._read(most, seconds)
            except ResponseError as error:
                self._has_group = False  # NOGROUP: somebody has emptied the server
                raise TopicUnavailableError(str(error)) from error

    def _leave(self) -> None:
        try:
            # With the member what it holds would be struck off, too.
            if not self._server.xpending_range(self._topic, self._group, "-", "+", 1, self._me):
                self._server.xgroup_delconsumer(self._topic, self._group, self._me)
        except RedisError:
            pass  # others will find out by themselves
        finally:
            self._server.close()

    def _join(self) -> None:
        if self._has_group:
            return
        try:
            self._server.xgroup_create(self._topic, self._group, id="0", mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise
        self._has_group = True

    def _read(self, most: int, seconds: float) -> list[Message]:
        block = int(seconds * 1000) or None  # to Redis 0 is for ever
        streams = self._server.xreadgroup(
            self._group, self._me, {self._topic: ">"}, count=most, block=block
        )
        return [self._message(*entry) for _, entries in streams for entry in entries]

    def _claim(self, most: int) -> list[Message]:
        if time.monotonic() < self._claim_at:
            return []
        idle = int(self._abandoned_after * 1000)
        self._claim_from, entries, _ = self._server.xautoclaim(
            self._topic, self._group, self._me, idle, self._claim_from, count=most
        )
        if self._claim_from == b"0-0":  # that was the last of them
            self._claim_at = time.monotonic() + self._abandoned_after / 4
        if not entries:
            return []
        first, last = entries[0][0], entries[-1][0]
        pending = self._server.xpending_range(
            self._topic, self._group, first, last, len(entries), self._me
        )
        times = {each["message_id"]: each["times_delivered"] for each in pending}
        return [self._message(*entry, attempt=times.get(entry[0], 1)) for entry in entries]

    def _cut(self) -> None:
        floors = []
        for group in self._server.xinfo_groups(self._topic):
            # Looked at before what is pending: what is given out meanwhile comes after it.
            pending = self._server.xpending(self._topic, group["name"])["min"]
            floors.append(offset_of(pending or group["last-delivered-id"]))
        self._server.xtrim(self._topic, minid=entry_id(min(floors)), approximate=True)

    def _strike_off(self) -> None:
        for member in self._server.xinfo_consumers(self._topic, self._group):
            if not member["pending"] and member["idle"] > GONE_SECONDS * 1000:
                self._server.xgroup_delconsumer(self._topic, self._group, member["name"])

    def _message(self, entry: bytes, fields: dict[bytes, bytes], *, attempt: int = 1) -> Message:
        return Message(
            source=self._topic,
            partition=PARTITION,
            offset=offset_of(entry),
            key=fields.get(b"key", b"").decode(errors="replace"),
            data=fields.get(b"data", b""),
            written_at=datetime.fromtimestamp(int(entry.split(b"-")[0]) / 1000, UTC),
            attempt=attempt,
        )


def offset_of(entry: bytes) -> int:
    """The number for an entry's id, in the same order. Raises ValueError for an id of no clock."""
    milliseconds, sequence = (int(part) for part in entry.split(b"-"))
    if sequence >> SEQUENCE_BITS or milliseconds >> (63 - SEQUENCE_BITS):
        raise ValueError(f"no place of a message: {entry!r}")
    return milliseconds << SEQUENCE_BITS | sequence


def entry_id(offset: int) -> str:
    """The entry's id for its number."""
    return f"{offset >> SEQUENCE_BITS}-{offset & (1 << SEQUENCE_BITS) - 1}"


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except (RedisError, ValueError) as error:
        raise TopicUnavailableError(f"{type(error).__name__}: {error}") from error
