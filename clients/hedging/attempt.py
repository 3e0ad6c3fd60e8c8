"""One attempt, between the thread that makes it and the one that may end it."""

import threading
from collections.abc import Callable


class AbandonedError(Exception):
    """Nobody waits for this attempt any more, so nothing is sent for it."""


class Attempt:
    """`number`: from 0. `ends_at`: monotonic; no first byte leaves after it."""

    def __init__(self, *, number: int, ends_at: float) -> None:
        self.number = number
        self._ends_at = ends_at
        self._lock = threading.Lock()
        self._abandoned = False
        self._abort: Callable[[], None] | None = None

    def hold(self, abort: Callable[[], None]) -> None:
        """From now on this is what ends the attempt. Raises AbandonedError if it is over already."""
        with self._lock:
            self._check()
            self._abort = abort

    def release(self) -> bool:
        """The attempt is through with what it held. Whether that was left alone, and is whole."""
        with self._lock:
            self._abort = None
            return not self._abandoned

    def may_leave_until(self) -> float:
        """`Transport`'s question before the first byte. Raises AbandonedError."""
        with self._lock:
            self._check()
            return self._ends_at

    def abandon(self) -> None:
        """End it. Under the lock: what was released may be another attempt's by now."""
        with self._lock:
            self._abandoned = True
            if self._abort is not None:
                self._abort()

    def _check(self) -> None:
        if self._abandoned:
            raise AbandonedError
