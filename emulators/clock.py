"""The emulator's own wall clock: real time plus what the control plane advanced it by."""

import time


class Clock:
    """Unix seconds. Rate limits do not use it: they judge by the monotonic clock of arrivals."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def now(self) -> float:
        return time.time() + self._ahead

    def advance(self, seconds: float) -> float:
        self._ahead += seconds
        return self.now()

    def reset(self) -> None:
        self._ahead = 0.0
