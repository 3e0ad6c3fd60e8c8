"""Metrika counters: one for each creation, however often it is asked for one organisation."""

import threading
from typing import Any

FIRST_COUNTER = 90_000_000


class KeyTakenError(Exception):
    """The key belongs to another organisation's creation."""


class CreatedCounters:
    """A creation without a key makes another counter each time: the mistake to be seen."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._created: dict[int, list[int]] = {}
        self._keys: dict[str, tuple[int, int]] = {}
        self._made = 0

    def create(self, permalink: int, key: str | None) -> int:
        with self._lock:
            if key is not None and key in self._keys:
                owner, counter = self._keys[key]
                if owner != permalink:
                    raise KeyTakenError
                return counter
            self._made += 1
            counter = FIRST_COUNTER + self._made
            self._created.setdefault(permalink, []).append(counter)
            if key is not None:
                self._keys[key] = permalink, counter
            return counter

    def of(self, permalink: int) -> int | None:
        """The latest one."""
        created = self._created.get(permalink)
        return created[-1] if created else None

    def clear(self) -> None:
        with self._lock:
            self._created.clear()
            self._keys.clear()
            self._made = 0

    def audit(self) -> dict[str, Any]:
        with self._lock:
            return {str(permalink): list(made) for permalink, made in self._created.items()}
