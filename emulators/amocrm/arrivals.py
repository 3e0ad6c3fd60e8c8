"""When requests arrived, and how close together: the judge of a client's pace."""

import threading
from array import array
from typing import Any

MAX_KEPT = 1_000_000  # arrivals, 8 MB; later ones are counted only
WINDOW = 7  # requests that any second may hold: the eighth has to wait


class ArrivalLog:
    """Seconds of the monotonic clock. Threads may record a little out of order."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._times = array("d")
        self._count = 0

    def record(self, arrived: float) -> None:
        with self._lock:
            self._count += 1
            if len(self._times) < MAX_KEPT:
                self._times.append(arrived)

    def summary(self) -> dict[str, Any]:
        """A violation is an arrival less than a second after the seventh before it."""
        with self._lock:
            count, times = self._count, sorted(self._times)
        spans = [late - early for early, late in zip(times, times[WINDOW:], strict=False)]
        lasted = times[-1] - times[0] if times else 0.0
        return {
            "count": count,
            "first": times[0] if times else None,
            "last": times[-1] if times else None,
            "min_span_of_8_ms": round(min(spans) * 1000, 3) if spans else None,
            "violations": sum(span < 1.0 for span in spans),
            "utilisation_at_7": (
                round((len(times) - 1) / (WINDOW * lasted), 4) if lasted > 0 else None
            ),
        }
