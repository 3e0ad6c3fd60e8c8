"""The threads that send webhooks, beside the requests."""

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from emulators.amocrm.hooks.bodies import body_of
from emulators.amocrm.hooks.deliveries import Order
from emulators.amocrm.hooks.outbox import Outbox
from emulators.amocrm.hooks.posting import Poster
from emulators.amocrm.settings import AmocrmSettings
from emulators.clock import Clock

SENDERS = 32  # threads: receivers that hang for 2 s still leave 16 attempts a second
MAKE_WAY_SECONDS = 0.05  # longer than a request of 250 items takes by itself
STOP_SECONDS = 1.0  # longest wait for the threads at the end; one may be deep in a connect


class Postman:
    """Has no thread before there is something to send."""

    def __init__(self, settings: AmocrmSettings, clock: Clock) -> None:
        self.outbox = Outbox(settings, clock)
        self._settings = settings
        self._poster = Poster()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._requests = 0
        self._idle = threading.Event()
        self._idle.set()

    def post(self, orders: Iterable[Order]) -> None:
        self._start()
        self.outbox.post(orders)

    @contextmanager
    def making_way(self) -> Iterator[None]:
        """A request is at work: nothing is begun meanwhile, or it would share the interpreter."""
        with self._lock:
            self._requests += 1
            self._idle.clear()
        try:
            yield
        finally:
            with self._lock:
                self._requests -= 1
                if not self._requests:
                    self._idle.set()

    def stop(self) -> None:
        self.outbox.stop()
        self._poster.hang_up()
        deadline = time.monotonic() + STOP_SECONDS
        with self._lock:
            threads = list(self._threads)
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _start(self) -> None:
        if self._threads:
            return
        with self._lock:
            if not self._threads:
                self._threads = [
                    threading.Thread(target=self._send, name=f"hooks-{number}", daemon=True)
                    for number in range(SENDERS)
                ]
                for thread in self._threads:
                    thread.start()

    def _send(self) -> None:
        while (delivery := self.outbox.take()) is not None:
            self._idle.wait(MAKE_WAY_SECONDS)
            order, settings = delivery.order, self._settings
            body = body_of(order.items, with_account_id=settings.hook_account == "full")
            seconds = settings.hook_timeout_ms / 1000
            self.outbox.answered(delivery, self._poster.post(order.url, body, seconds=seconds))
