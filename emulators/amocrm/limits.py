"""Limits of pace: 429, and after too many violations a 403 for everything until somebody helps."""

import threading
from bisect import bisect_right, insort

from emulators.amocrm.problems import blocked, too_many_requests
from emulators.amocrm.settings import AmocrmSettings
from emulators.messages import Response

MAX_REMEMBERED = 1000  # arrivals; no limit that can be set is higher than some hundred


class Limiter:
    """The strictest reading of "n requests a second": no second, wherever it starts, holds more.

    Refused requests count too, as they do for every gateway that counts before it decides.
    """

    def __init__(self, settings: AmocrmSettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._recent: list[float] = []
        self.violations = 0
        self.blocked = False

    def refusal(self, arrived: float) -> Response | None:
        with self._lock:
            # Threads come in any order, arrivals do not: each is judged by those before it.
            insort(self._recent, arrived)
            del self._recent[:-MAX_REMEMBERED]
            if self.blocked:
                return blocked()
            until, since = bisect_right(self._recent, arrived), arrived - 1.0
            if not self._too_many(until - bisect_right(self._recent, since)):
                return None
            self.violations += 1
            after = self._settings.flood_block_after
            self.blocked = after is not None and self.violations >= after
        return too_many_requests(
            as_json=self._settings.rate_limit_reply == "json",
            retry_after=self._settings.retry_after,
        )

    def set_blocked(self, blocked: bool) -> None:
        with self._lock:
            self.blocked = blocked
            self.violations = 0

    def _too_many(self, count: int) -> bool:
        own, shared = self._settings.rate_limit, self._settings.account_rate_limit
        return (own is not None and count > own) or (
            shared is not None and count + self._settings.foreign_rate > shared
        )
