"""What calls to the Directory cost, counted in Redis for all processes together.

Counting must not delay a call that is being hedged: it is an addition in memory, and a thread
writes the sums once a second at most. What a process counted in its last second is lost when it is
killed; figures that Redis lost begin anew, as Prometheus expects of counters.
"""

import logging
import threading
from bisect import bisect_left
from collections import Counter
from typing import Any, Final

import redis
from redis.exceptions import RedisError

from clients.hedging.race import Kind
from organizations import statuses

logger = logging.getLogger(__name__)

KEY: Final = "directory:figures"
FLUSH_SECONDS: Final = 1.0  # Prometheus looks every 15 s
# Seconds: a median, the soft timeout, a hedge that won, the worst cases. The last one is endless.
BUCKETS: Final = (0.05, 0.1, 0.25, 0.5, 0.75, 1.0, 2.0, 3.0, 7.0)
MOST_WORDS: Final = 20  # of the Directory that a process writes into its log


class Figures:
    """An `Observer`, safe to share between threads; made anew in each process.

    A field of the hash is `figure:endpoint`, with the attempt's kind or the bucket's number after it.
    """

    def __init__(self, server: redis.Redis) -> None:
        self._redis = server
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._timer: threading.Timer | None = None
        self._words: set[str] = set()

    def attempt(self, endpoint: str, kind: Kind) -> None:
        """See `Observer`."""
        self._add({f"attempts:{endpoint}:{kind}": 1})

    def hedge_won(self, endpoint: str) -> None:
        """See `Observer`."""
        self._add({f"won:{endpoint}": 1})

    def budget_denied(self, endpoint: str) -> None:
        """See `Observer`."""
        self._add({f"denied:{endpoint}": 1})

    def call_took(self, endpoint: str, seconds: float) -> None:
        """See `Observer`."""
        bucket = bisect_left(BUCKETS, seconds)
        microseconds = round(seconds * 1_000_000)
        self._add({f"calls:{endpoint}:{bucket}": 1, f"microseconds:{endpoint}": microseconds})

    def status_said(self, word: str) -> None:
        """The Directory's word for an organization's state. One that nobody told us of is noticed."""
        if statuses.is_known(word):
            if word == statuses.DirectoryStatus.DUPLICATE:
                self._add({"duplicates_said": 1})
            return
        self._add({"statuses_unknown": 1})
        with self._lock:
            is_new = word not in self._words and len(self._words) < MOST_WORDS
            if is_new:
                self._words.add(word)
        if is_new:
            logger.warning("directory.status_unknown", extra={"status": word})

    def flush(self) -> None:
        """Write what has been counted; where Redis does not answer, it waits for the next count."""
        with self._lock:
            counts, self._counts, self._timer = self._counts, Counter(), None
        if not counts:
            return
        try:
            with self._redis.pipeline(transaction=True) as pipeline:
                for name, count in counts.items():
                    pipeline.hincrby(KEY, name, count)
                pipeline.execute()
        except RedisError as error:
            logger.warning("directory.figures_kept", extra={"error": type(error).__name__})
            with self._lock:
                self._counts.update(counts)

    def close(self) -> None:
        """The last ones."""
        with self._lock:
            timer = self._timer
        if timer is not None:
            timer.cancel()
        self.flush()

    def _add(self, counts: dict[str, int]) -> None:
        with self._lock:
            self._counts.update(counts)
            if self._timer is None:
                self._timer = threading.Timer(FLUSH_SECONDS, self.flush)
                self._timer.daemon = True  # a process that ends does not wait for it
                self._timer.start()


def totals(server: redis.Redis) -> dict[str, int]:
    """Every figure. Raises RedisError."""
    found: Any = server.hgetall(
        KEY
    )  # of bytes: the package's types know another kind of client too
    return {name.decode(): int(value) for name, value in found.items()}
