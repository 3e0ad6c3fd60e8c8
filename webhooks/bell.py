"""What the door does after its answer: waking the reader and counting, in a thread of its own.

A broker that is away, or slow, costs a request nothing. A ring that is lost is made up for by the
sweep; so are the bells of a process that was killed.
"""

import logging
import threading
import time
from collections import Counter, deque

from django.db import Error, connection

from operations import counters, doorbell

logger = logging.getLogger(__name__)

GAP_SECONDS = 0.1  # between two rings of a process: one read takes all that waits
IDLE_SECONDS = 60.0  # a thread that has nothing to do looks up that rarely


class Bell:
    """One per process; its thread starts with the first use, so after any fork."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._rings: deque[float] = deque()  # moments, monotonic; no two nearer than a gap
        self._counts: Counter[str] = Counter()
        self._is_busy = False

    def ring(self, *, after: float = 0.0) -> None:
        """Somebody should read the inbox, `after` so many seconds."""
        at = time.monotonic() + after
        with self._changed:
            # Rings come in the order of their moments, or nearly: two kinds of doors, two waits.
            if any(at <= other < at + GAP_SECONDS for other in self._rings):
                return
            self._rings.append(at)
            self._wake()

    def count(self, name: str) -> None:
        """Something happened that PostgreSQL should count."""
        with self._changed:
            self._counts[name] += 1
            self._wake()

    def rest(self, *, seconds: float) -> bool:
        """Wait until everything is done that is due. For whoever ends the process."""
        deadline = time.monotonic() + seconds
        with self._changed:
            return self._changed.wait_for(
                lambda: not self._is_busy and not self._counts and self._next() > 0,
                timeout=deadline - time.monotonic(),
            )

    def _wake(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._work, name="bell", daemon=True)
            self._thread.start()
        self._changed.notify_all()

    def _next(self) -> float:
        """Seconds until the next ring."""
        return min(self._rings) - time.monotonic() if self._rings else IDLE_SECONDS

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._counts and (left := self._next()) > 0:
                    self._changed.wait(left)
                now = time.monotonic()
                is_due = any(at <= now for at in self._rings)
                self._rings = deque(at for at in self._rings if at > now)
                counts, self._counts = self._counts, Counter()
                self._is_busy = True
            if is_due:
                doorbell.ring_now("webhooks.read")
            if counts:
                self._add(counts)
            time.sleep(GAP_SECONDS)
            with self._changed:
                self._is_busy = False
                self._changed.notify_all()

    def _add(self, counts: Counter[str]) -> None:
        try:
            counters.add(counts)
        except Error as error:  # lost counts are no lost hooks
            logger.warning("bell.not_counted", extra={"error": type(error).__name__})
        finally:
            connection.close()


bell = Bell()
