"""How many extra attempts a host may be burdened with.

Hedging triples the load exactly when the other side is slow. So every call earns a tenth of an
extra attempt, as in gRPC's retry throttling, and without a whole one there is none.
"""

import os
import threading
from typing import Final

EARNED: Final = 0.1  # of an extra attempt, by each call: 10 % in the long run
MOST: Final = 10.0  # extra attempts saved up, and given to begin with


class Budget:
    """A token bucket, safe to share between threads."""

    def __init__(self, *, tokens: float = MOST) -> None:
        self._lock = threading.Lock()
        self._tokens = tokens

    def earn(self) -> None:
        """A call begins."""
        with self._lock:
            self._tokens = min(MOST, self._tokens + EARNED)

    def spend(self) -> bool:
        """Whether there may be an extra attempt; it is paid for then."""
        with self._lock:
            # A hair of grace: ten tenths are a little less than one in binary.
            if self._tokens < 1 - 1e-9:
                return False
            self._tokens = max(0.0, self._tokens - 1)
            return True


class _Budgets:
    """As many as there are hosts in the settings."""

    def __init__(self) -> None:
        self.forget()

    def of(self, host: str) -> Budget:
        with self._lock:
            return self._budgets.setdefault(host, Budget())

    def forget(self) -> None:
        """In a child of a fork: a thread of the parent may have held a lock."""
        self._lock = threading.Lock()
        self._budgets: dict[str, Budget] = {}


_budgets = _Budgets()
os.register_at_fork(after_in_child=_budgets.forget)


def budget_of(host: str) -> Budget:
    """The one budget of this host in this process."""
    return _budgets.of(host)
