"""Threads that send writes while the pump reads on: at 7 requests/s an answer of 2 s needs 14 in flight."""

import logging
import queue
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from types import TracebackType

from django.db import connection as database

from clients.amocrm.client import AmoCrm
from companies.exports import Export, Outcome, Update
from companies.updating import Confirmation

logger = logging.getLogger(__name__)

SENDERS = 4  # a pump; with two pumps 8 requests in flight, enough for answers of a second
STOP_SECONDS = 45  # longer than the deadline of a request


@dataclass(frozen=True, slots=True)
class Write:
    """A full request's worth of sellers: portion -> what is written. One of the two is filled."""

    new: tuple[tuple[int, Export], ...] = ()
    changed: tuple[tuple[int, Update], ...] = ()

    def owners(self) -> dict[str, int]:
        """Seller -> the portion that waits for it."""
        owners = {export.seller_id: portion for portion, export in self.new}
        return owners | {item.export.seller_id: portion for portion, item in self.changed}


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a write: an outcome, or the error that kept it from happening."""

    write: Write
    outcome: Outcome | None = None
    confirmations: tuple[Confirmation, ...] = ()
    error: BaseException | None = None


Send = Callable[[AmoCrm, Write], Result]


class SliceOverError(Exception):
    """The write was not begun: the pump's time was over."""


class Senders:
    """Up to `size` threads, each with a client and a database connection of its own.

    A thread is started for the write that would have to wait for one: most pumps of an hourly run
    have few writes. `until`: on the monotonic clock; a write that was not begun by then is given back.
    """

    def __init__(
        self, *, connect: Callable[[], AmoCrm], send: Send, until: float, size: int = SENDERS
    ) -> None:
        self._until = until
        self._connect = connect
        self._send = send
        self._jobs: queue.Queue[Write | None] = queue.Queue()
        self._results: queue.Queue[Result] = queue.Queue()
        self._lock = threading.Lock()
        self._begun: dict[int, tuple[float, Write]] = {}
        self._size = size
        self._threads: list[threading.Thread] = []
        self.in_flight = 0

    def __enter__(self) -> "Senders":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            self._until = 0.0  # what waits is given back; only what is on its way is waited for
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join(STOP_SECONDS)

    def submit(self, write: Write) -> None:
        """Hand a write over; its result comes out of `collect`."""
        self.in_flight += 1
        if len(self._threads) < min(self.in_flight, self._size):
            self._start()
        self._jobs.put(write)

    def collect(self, *, wait: float) -> list[Result]:
        """Results that are there; waits up to `wait` seconds for the first one."""
        results: list[Result] = []
        try:
            while self.in_flight:
                results.append(self._results.get(timeout=0 if results else wait))
                self.in_flight -= 1
        except queue.Empty:
            pass
        return results

    def slow(self, *, seconds: float) -> list[Write]:
        """Writes that were begun so long ago and have not come back yet."""
        before = time.monotonic() - seconds
        with self._lock:
            return [write for begun, write in self._begun.values() if begun < before]

    def _start(self) -> None:
        name = f"sender-{len(self._threads)}"
        thread = threading.Thread(target=self._work, name=name, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _work(self) -> None:
        with ExitStack() as stack:
            stack.callback(database.close)
            client: AmoCrm | None = None
            while (write := self._jobs.get()) is not None:
                try:
                    database.close_if_unusable_or_obsolete()
                    if client is None:
                        client = stack.enter_context(closing(self._connect()))
                    self._results.put(self._carry_out(client, write))
                except Exception as error:  # noqa: BLE001 - the boundary of a write: its portion is parked
                    logger.warning("push.write_failed", extra={"error": repr(error)[:500]})
                    self._results.put(Result(write, error=error))

    def _carry_out(self, client: AmoCrm, write: Write) -> Result:
        if time.monotonic() > self._until:
            return Result(write, error=SliceOverError())
        with self._lock:
            self._begun[id(write)] = (time.monotonic(), write)
        try:
            return self._send(client, write)
        finally:
            with self._lock:
                del self._begun[id(write)]
