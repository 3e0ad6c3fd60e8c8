"""The Redis server's clock, seen from this process."""

import threading
from dataclasses import dataclass

DRIFT = 0.001  # seconds a second: two clocks that NTP pulls apart as fast as it may


@dataclass(frozen=True, slots=True)
class Offset:
    """Ours minus theirs, in seconds, known to lie between two bounds at `seen_at` (ours)."""

    least: float
    most: float
    seen_at: float

    def later(self, now: float) -> "Offset":
        """What is left of this knowledge at `now`."""
        drift = DRIFT * (now - self.seen_at)
        return Offset(self.least - drift, self.most + drift, now)


class ServerClock:
    """Narrows the offset with each answer.

    The server read its clock between our asking and the answer's arrival, however long that took,
    so every answer bounds the offset, and all of them together bound it closely: one answer that
    a busy machine held up does not make its slot uncertain.
    """

    def __init__(self) -> None:
        self._known: Offset | None = None
        self._lock = threading.Lock()

    def observe(self, *, asked_at: float, server_time: float, answered_at: float) -> Offset:
        """The offset after one more answer; never wider than what this answer alone says."""
        told = Offset(asked_at - server_time, answered_at - server_time, answered_at)
        with self._lock:
            self._known = self._narrowed(told)
            return self._known

    def _narrowed(self, told: Offset) -> Offset:
        if self._known is None:
            return told
        known = self._known.later(told.seen_at)
        least, most = max(told.least, known.least), min(told.most, known.most)
        if least > most:  # one of the clocks was set: the past says nothing any more
            return told
        return Offset(least, most, told.seen_at)
