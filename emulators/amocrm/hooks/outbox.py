"""Webhooks that wait: for a sender, for their moment, or for the next rung of the ladder."""

import heapq
import threading
import time
from collections import deque
from collections.abc import Iterable
from typing import Any

from emulators.amocrm.hooks.deliveries import Delivery, Order
from emulators.amocrm.hooks.fate import fate_of
from emulators.amocrm.hooks.tally import Tally
from emulators.amocrm.settings import AmocrmSettings
from emulators.clock import Clock

MAX_PENDING = 200_000  # deliveries, some 1 KB each: two minutes of the fastest echo and its retries

Waiting = list[tuple[float, int, Delivery]]  # a heap by the moment it is due


class Outbox:
    """Filled by requests, emptied by senders. Retries go by the account's clock, delays do not."""

    def __init__(self, settings: AmocrmSettings, clock: Clock, *, most: int = MAX_PENDING) -> None:
        self._settings = settings
        self._clock = clock
        self._most = most
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._tried = threading.Condition(self._lock)
        self._stopped = False
        self._generation = 0
        self._forget()
        clock.watch(self._wake)

    @property
    def posted(self) -> int:
        """How many deliveries there have been so far; the last one's number."""
        return self._number

    def post(self, orders: Iterable[Order]) -> None:
        with self._lock:
            if self._stopped:
                return
            for order in orders:
                self._post(order)
            self._changed.notify()

    def take(self) -> Delivery | None:
        """Waits for the next delivery to try. None: there will not be any."""
        with self._lock:
            while not self._stopped:
                self._promote()
                while self._ready:
                    delivery = self._ready.popleft()
                    if delivery.is_wanted:
                        delivery.attempts += 1
                        self._in_flight += 1
                        if self._ready or self._held or self._retries:
                            self._changed.notify()  # somebody else has to look after these
                        return delivery
                    self._end(delivery, "withheld")
                self._changed.wait(self._until_next())
        return None

    def answered(self, delivery: Delivery, status: int) -> None:
        with self._lock:
            if delivery.generation != self._generation:
                return
            self._in_flight -= 1
            url = delivery.order.url
            self._tally.add(url, "sent")
            self._tally.answered(url, status)
            if delivery.attempts > 1:
                self._tally.add(url, "retried")
            if 200 <= status <= 299:
                self._tally.add(url, "items", len(delivery.order.items))
                self._end(delivery, "delivered")
            else:
                self._tally.add(url, "invalid")
                self._try_again(delivery, status)
            self._seen(delivery)

    def wait_tried(self, numbers: range, *, seconds: float) -> bool:
        """Until each of these deliveries has been tried once, or is never going to be."""
        with self._lock:
            return self._tried.wait_for(
                lambda: self._stopped or self._untried.isdisjoint(numbers), seconds
            )

    def summary(self) -> dict[str, int]:
        with self._lock:
            return {
                "pending": self._pending(),
                "queued": len(self._ready),
                "held": len(self._held),
                "retries_waiting": len(self._retries),
                "in_flight": self._in_flight,
                **self._tally.totals(),
            }

    def destinations(self) -> dict[str, dict[str, Any]]:
        with self._lock:
            return self._tally.destinations()

    def forget(self) -> None:
        """A new account: what is under way for the old one is not counted any more."""
        with self._lock:
            self._generation += 1
            self._forget()
            self._tried.notify_all()

    def stop(self) -> None:
        with self._lock:
            self._stopped = True
            self._changed.notify_all()
            self._tried.notify_all()

    def _forget(self) -> None:
        self._ready: deque[Delivery] = deque()
        self._held: Waiting = []
        self._retries: Waiting = []
        self._untried: set[int] = set()
        self._in_flight = 0
        self._number = 0
        self._tally = Tally()

    def _wake(self) -> None:
        with self._lock:
            self._changed.notify_all()

    def _post(self, order: Order, *, again: bool = False) -> None:
        """`again`: a duplicate, which has no further one."""
        self._number += 1
        self._tally.add(order.url, "posted")
        delivery = Delivery(order, self._number, self._generation)
        fate = fate_of(self._number, self._settings)
        if fate.lost or self._pending() >= self._most:
            self._end(delivery, "lost" if fate.lost else "overflowed")
            return
        self._untried.add(delivery.number)
        if fate.reordered:
            self._tally.add(order.url, "reordered")
        if fate.held:
            due = time.monotonic() + fate.held
            heapq.heappush(self._held, (due, delivery.number, delivery))
        else:
            self._ready.append(delivery)
        if fate.doubled and not again:
            self._tally.add(order.url, "duplicates")
            self._post(order, again=True)

    def _promote(self) -> None:
        """What is due becomes ready."""
        for waiting, now in ((self._held, time.monotonic()), (self._retries, self._clock.now())):
            while waiting and waiting[0][0] <= now:
                self._ready.append(heapq.heappop(waiting)[2])

    def _until_next(self) -> float | None:
        """Seconds until something becomes due."""
        waits = [self._held[0][0] - time.monotonic()] if self._held else []
        if self._retries:
            waits.append(self._retries[0][0] - self._clock.now())
        return max(0.0, min(waits)) if waits else None

    def _try_again(self, delivery: Delivery, status: int) -> None:
        now = self._clock.now()
        if delivery.order.hook is not None:
            limit = self._settings.hook_disable_after
            delivery.order.hook.answered_badly(now=now, limit=limit)
        delay = delivery.order.ladder(delivery.attempts, status)
        if delay is None:
            self._end(delivery, "given_up")
            return
        heapq.heappush(self._retries, (now + delay, delivery.number, delivery))
        self._changed.notify()

    def _end(self, delivery: Delivery, kind: str) -> None:
        self._tally.add(delivery.order.url, kind)
        self._seen(delivery)

    def _seen(self, delivery: Delivery) -> None:
        self._untried.discard(delivery.number)
        self._tried.notify_all()

    def _pending(self) -> int:
        return len(self._ready) + len(self._held) + len(self._retries) + self._in_flight
