"""Many webhooks at a pace of one's own: a load that no change in the account causes."""

import itertools
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

from emulators.amocrm.hooks.deliveries import Order
from emulators.amocrm.hooks.items import Item
from emulators.amocrm.hooks.postman import Postman

MAX_STORMS = 4  # at a time, each with a thread
MAX_BODIES = 1_000_000  # of one storm
MAX_PER_SECOND = 10_000  # more than the threads can send


class TooManyStormsError(Exception):
    """There are MAX_STORMS already."""


@dataclass(frozen=True, slots=True)
class Storm:
    """`bodies`: what they are made of, at least `times` of them. `per_second`: bodies."""

    url: str
    bodies: Iterator[tuple[Item, ...]]
    times: int
    per_second: float


class Storms:
    """Each keeps to its schedule whatever the receiver does: what is late is caught up with."""

    def __init__(self, postman: Postman) -> None:
        self._postman = postman
        self._lock = threading.Lock()
        self._left: dict[int, int] = {}
        self._calm = threading.Event()
        self._numbers = itertools.count(1)

    @property
    def bodies_left(self) -> int:
        with self._lock:
            return sum(self._left.values())

    def start(self, storm: Storm) -> None:
        with self._lock:
            if len(self._left) >= MAX_STORMS:
                raise TooManyStormsError(f"more than {MAX_STORMS} at a time")
            number = next(self._numbers)
            self._left[number] = storm.times
            blowing = (number, storm, self._calm)
        threading.Thread(target=self._blow, args=blowing, daemon=True).start()

    def stop(self) -> None:
        """All that still blow; nothing of them is posted afterwards. New ones may begin."""
        with self._lock:
            self._calm.set()
            self._calm = threading.Event()
            self._left.clear()

    def _blow(self, number: int, storm: Storm, calm: threading.Event) -> None:
        began = time.monotonic()
        for sent in range(storm.times):
            wait = began + sent / storm.per_second - time.monotonic()
            if wait > 0:
                calm.wait(wait)
            body = next(storm.bodies)
            with self._lock:
                if calm.is_set():
                    return
                self._postman.post([Order(storm.url, body)])
                self._left[number] -= 1
        with self._lock:
            self._left.pop(number, None)
