"""What a topic's reader gives, takes and raises."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


class TopicUnavailableError(Exception):
    """The broker does not answer, or refuses: later it may."""


class ReaderClosedError(Exception):
    """The reader was closed; whoever asks it is mistaken."""


class MissingExtraError(Exception):
    """The broker's package is not installed; says how to install it."""


@dataclass(frozen=True, slots=True)
class Message:
    """`source`, `partition` and `offset` are its place, which no other message ever has.

    `offset` grows within its partition. `attempt`: which delivery this is, where the broker knows.
    """

    source: str
    partition: int
    offset: int
    key: str
    data: bytes
    written_at: datetime
    attempt: int = 1


class TopicReader(Protocol):
    """One member of a group that reads a topic. For one thread, but for `close`."""

    def poll(self, *, max_messages: int, timeout: float) -> list[Message]:
        """The next messages, as soon as there are some; none when `timeout` seconds are over.

        Raises TopicUnavailableError, and ReaderClosedError. A reader that is closed meanwhile
        returns none.
        """
        ...

    def ack(self, messages: Sequence[Message]) -> None:
        """These messages of ours need not come again. Raises TopicUnavailableError."""
        ...

    def close(self) -> None:
        """Leave the group; from any thread. What is not acknowledged comes again to the others."""
        ...
