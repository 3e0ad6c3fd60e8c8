"""What became of webhooks, in numbers.

Every hook ends once: posted = delivered + given_up + withheld + lost + overflowed + pending.
"""

from collections import Counter, deque
from typing import Any

MAX_DESTINATIONS = 300  # counted one by one; further ones share a line
OTHERS = "(others)"
LAST_STATUSES = 20  # kept per destination
KINDS = (
    "posted",  # bodies that were to be sent, duplicates among them
    "sent",  # attempts
    "delivered",
    "invalid",  # attempts that nobody answered with 2xx in time
    "retried",  # attempts that were not the first
    "given_up",  # after the last rung of the ladder
    "withheld",  # its subscription was switched off or taken back before it was sent
    "lost",  # thrown away as the settings ask
    "overflowed",  # thrown away because too many were waiting
    "duplicates",  # posted a second time as the settings ask
    "reordered",  # held back as the settings ask
    "items",  # companies and leads in delivered bodies
)


class Tally:
    """Callers hold the outbox's lock."""

    def __init__(self) -> None:
        self._all: Counter[str] = Counter()
        self._by_url: dict[str, Counter[str]] = {}
        self._last: dict[str, deque[int]] = {}

    def add(self, url: str, kind: str, count: int = 1) -> None:
        self._all[kind] += count
        self._line(url)[kind] += count

    def answered(self, url: str, status: int) -> None:
        self._line(url)
        self._last[self._name(url)].append(status)

    def totals(self) -> dict[str, int]:
        return _shown(self._all)

    def destinations(self) -> dict[str, dict[str, Any]]:
        return {
            name: {**_shown(counts), "last_statuses": list(self._last[name])}
            for name, counts in self._by_url.items()
        }

    def _name(self, url: str) -> str:
        return url if url in self._by_url else OTHERS

    def _line(self, url: str) -> Counter[str]:
        if url not in self._by_url:
            url = url if len(self._by_url) < MAX_DESTINATIONS else OTHERS
            self._by_url.setdefault(url, Counter())
            self._last.setdefault(url, deque(maxlen=LAST_STATUSES))
        return self._by_url[url]


def _shown(counts: Counter[str]) -> dict[str, int]:
    return {kind: counts[kind] for kind in KINDS}
