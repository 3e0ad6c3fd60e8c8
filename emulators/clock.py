"""The emulator's own wall clock: real time plus what the control plane advanced it by."""

import time
from collections.abc import Callable


class Clock:
    """Unix seconds. Rate limits do not use it: they judge by the monotonic clock of arrivals."""

    def __init__(self) -> None:
        self._ahead = 0.0
        self._watchers: list[Callable[[], None]] = []

    def now(self) -> float:
        return time.time() + self._ahead

    def watch(self, changed: Callable[[], None]) -> None:
        """Whoever waits for a moment of this clock is called whenever it is set."""
        self._watchers.append(changed)

    def advance(self, seconds: float) -> float:
        self._set(self._ahead + seconds)
        return self.now()

    def reset(self) -> None:
        self._set(0.0)

    def _set(self, ahead: float) -> None:
        self._ahead = ahead
        for changed in self._watchers:
            changed()
