"""Wrong secrets by the address they come from: which of them are worth a line in the log.

Nobody is shut out. To compare a secret costs less than to remember who may be asked for one, 256 bits
are not guessed at any rate, and behind a proxy that hides addresses amoCRM comes from the same one as
everybody. What a flood of guesses could fill is the log.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable

PERIOD_SECONDS = 60.0
LINES_OF_ONE = 3  # of an address in a period: who it is, and that it was no slip
MOST_LINES = 100  # of a period, whoever knocks; no more addresses than that are remembered


class Knocks:
    """Of one process, for all its threads. The counter of wrong secrets counts them all."""

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._ends = -PERIOD_SECONDS  # monotonic
        self._lines = 0
        self._of: Counter[str] = Counter()

    def __len__(self) -> int:
        """How many addresses are remembered."""
        return len(self._of)

    def forget(self) -> None:
        """The minute is over. For tests."""
        with self._lock:
            self._ends = -PERIOD_SECONDS

    def is_news(self, address: str) -> bool:
        """Note a wrong secret. False: of that address, or of all, enough was said in this minute."""
        now = self._monotonic()
        with self._lock:
            if now >= self._ends:
                self._ends, self._lines = now + PERIOD_SECONDS, 0
                self._of.clear()
            if self._lines >= MOST_LINES:
                return False
            self._of[address] += 1
            if self._of[address] > LINES_OF_ONE:
                return False
            self._lines += 1
            return True


knocks = Knocks()
