"""Waiting for messages so that somebody else can close the reader meanwhile."""

import threading
import time
from abc import ABC, abstractmethod

from clients.topics.messages import Message, ReaderClosedError

SLICE_SECONDS = 0.5  # until a reader that waits notices that it was closed


class WaitingReader(ABC):
    """`poll` and `close` of a TopicReader over one short look at the broker."""

    def __init__(self) -> None:
        self._closed = threading.Event()
        self._polling = threading.Lock()

    def poll(self, *, max_messages: int, timeout: float) -> list[Message]:
        if self._closed.is_set():
            raise ReaderClosedError
        deadline = time.monotonic() + timeout
        with self._polling:
            while not self._closed.is_set():
                left = deadline - time.monotonic()
                messages = self._take(max_messages, max(0.0, min(left, SLICE_SECONDS)))
                if messages or left <= 0:
                    return messages
        return []

    def close(self) -> None:
        self._closed.set()
        with self._polling:
            self._leave()

    @abstractmethod
    def _take(self, most: int, seconds: float) -> list[Message]:
        """What is there, waiting for at most so long. Raises TopicUnavailableError."""

    @abstractmethod
    def _leave(self) -> None:
        """Give up what we hold. Called once or more, never while `_take` runs; raises nothing."""
