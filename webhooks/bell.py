"""What the door does after its answer: waking the reader and counting, in a thread of its own.

A broker that is away, or slow, costs a request nothing. A ring that is lost is made up for by the
sweep; so are bells of a process that was killed.
"""

import logging
import threading
import time
from collections import Counter

from django.db import Error, connection

from operations import counters, doorbell

logger = logging.getLogger(__name__)

GAP_SECONDS = 0.1  # between two rings of a process: one read takes all that waits


class Bell:
    """One per process; its thread starts with the first use, so after any fork."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wanted = threading.Event()
        self._thread: threading.Thread | None = None
        self._rings = 0
        self._counts: Counter[str] = Counter()
        self._at_rest = threading.Event()
        self._at_rest.set()

    def rest(self, *, seconds: float) -> bool:
        """Wait until everything asked for so far is done. For whoever ends the process."""
        return self._at_rest.wait(seconds)

    def ring(self) -> None:
        """Somebody should read the inbox."""
        with self._lock:
            self._rings += 1
            self._at_rest.clear()
        self._wake()

    def count(self, name: str) -> None:
        """Something happened that PostgreSQL should count."""
        with self._lock:
            self._counts[name] += 1
            self._at_rest.clear()
        self._wake()

    def _wake(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            with self._lock:
                if self._thread is None or not self._thread.is_alive():
                    self._thread = threading.Thread(target=self._work, name="bell", daemon=True)
                    self._thread.start()
        self._wanted.set()

    def _work(self) -> None:
        while True:
            self._wanted.wait()
            self._wanted.clear()
            with self._lock:
                rings, counts = self._rings, self._counts
                self._rings, self._counts = 0, Counter()
            if rings:
                doorbell.ring_now("webhooks.read")
            if counts:
                self._add(counts)
            time.sleep(GAP_SECONDS)
            with self._lock:
                if not self._rings and not self._counts:
                    self._at_rest.set()

    def _add(self, counts: Counter[str]) -> None:
        try:
            counters.add(counts)
        except Error as error:  # lost counts are no lost hooks
            logger.warning("bell.not_counted", extra={"error": type(error).__name__})
        finally:
            connection.close()


bell = Bell()
