"""A topic of YDB, through its own SDK: https://ydb.tech/docs/en/reference/ydb-sdk/topic.

The package is an extra (requirements-ydb.txt). The consumer has to exist already. Tested against an
object that behaves like the SDK's reader, never against a server.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC
from typing import Any

from clients.topics.messages import Message, TopicUnavailableError
from clients.topics.waiting import WaitingReader

ANSWER_SECONDS = 10.0  # to connect, and to confirm a commit


class YdbTopicReader(WaitingReader):
    """A TopicReader over a synchronous reader of the SDK, all of whose errors are `error`."""

    def __init__(self, reader: Any, *, topic: str, error: type[Exception]) -> None:
        super().__init__()
        self._reader, self._topic, self._error = reader, topic, error
        self._taken: dict[tuple[int, int], Any] = {}  # and not acknowledged, by their places

    def ack(self, messages: Sequence[Message]) -> None:
        places = [(each.partition, each.offset) for each in messages]
        # Of a partition that was taken away they come again, to whoever has it.
        ours = [each for place in places if (each := self._taken[place]).alive]
        try:
            for each in ours[:-1]:
                self._reader.commit(each)
            if ours:
                self._reader.commit_with_ack(ours[-1], timeout=ANSWER_SECONDS)
        except (self._error, TimeoutError) as error:
            raise TopicUnavailableError(repr(error)) from error
        for place in places:
            del self._taken[place]

    def _take(self, most: int, seconds: float) -> list[Message]:
        try:
            batch = self._reader.receive_batch(max_messages=most, timeout=seconds)
        except TimeoutError:
            return []
        except self._error as error:
            raise TopicUnavailableError(repr(error)) from error
        return [self._message(each) for each in batch.messages] if batch and batch.alive else []

    def _message(self, sdk: Any) -> Message:
        self._taken[sdk.partition_id, sdk.offset] = sdk
        place = (self._topic, sdk.partition_id, sdk.offset)
        written_at = sdk.written_at.replace(tzinfo=UTC)  # which the SDK leaves out
        return Message(*place, sdk.message_group_id, sdk.data, written_at)

    def _leave(self) -> None:
        with suppress(self._error, TimeoutError):  # the server will notice by itself
            self._reader.close(flush=True, timeout=ANSWER_SECONDS)
