"""Hedged calls over threads: `race` decides, this carries it out.

One thread of a bounded pool for each attempt; the caller's own thread waits and decides, for as
many calls at a time as it was given. Nothing here knows HTTP. See docs/adr/0012.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

from clients.hedging.attempt import Attempt
from clients.hedging.budget import Budget
from clients.hedging.observing import Observer, Unobserved
from clients.hedging.outcomes import Ending, Outcome, outcome_of
from clients.hedging.policy import HedgePolicy
from clients.hedging.race import Kind, Race, Settled, Start, Verdict
from clients.hedging.unavailable import UnavailableError

T = TypeVar("T")

# Attempts of this process at the same time, also those that nobody waits for any more and that
# are still connecting. Twenty callers with three each; further ones wait for a thread, and their
# time runs.
MOST_THREADS = 64
PARALLEL = 4  # calls of one `run` at the same time


@dataclass(frozen=True, slots=True)
class Errand(Generic[T]):
    """A call to make. `attempt` is called in several threads; `endpoint`: its name for the observer."""

    call: str
    endpoint: str
    policy: HedgePolicy
    attempt: Callable[[Attempt], T]
    idempotent: bool


@dataclass(frozen=True, slots=True)
class _Ended(Generic[T]):
    place: int
    number: int
    at: float
    future: Future[T]


@dataclass(slots=True)
class _Running(Generic[T]):
    errand: Errand[T]
    race: Race
    began: float
    kinds: dict[int, Kind] = field(default_factory=dict)
    attempts: dict[int, tuple[Attempt, Future[T]]] = field(default_factory=dict)
    failure: BaseException | None = None  # the last one

    def abandon(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            attempt, future = self.attempts[number]
            future.cancel()  # where it has no thread yet
            attempt.abandon()


class Driver:
    """Safe to share between threads; made anew in each process (threads do not survive a fork)."""

    def __init__(
        self,
        *,
        service: str,
        budget: Budget,
        observer: Observer | None = None,
        threads: int = MOST_THREADS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._service = service
        self._budget = budget
        self._observer = observer or Unobserved()
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=f"{service}-attempt")
        self._monotonic = monotonic

    def run(
        self, errands: Sequence[Errand[T]], *, until: float | None = None, parallel: int = PARALLEL
    ) -> list[T]:
        """The results in the errands' order; `until`: monotonic, for all of them together.

        The first failure is everybody's, and ends what is still going on. Raises UnavailableError,
        and what an attempt raised that no further attempt could mend.
        """
        return _Conversation(self, errands, until=until, parallel=parallel).results()

    def close(self) -> None:
        """End the threads; those of abandoned attempts are over within their connecting limits."""
        self._threads.shutdown(wait=True, cancel_futures=True)


class _Conversation(Generic[T]):
    """One `run`."""

    def __init__(
        self, driver: Driver, errands: Sequence[Errand[T]], *, until: float | None, parallel: int
    ) -> None:
        self._driver = driver
        self._now = driver._monotonic
        self._waiting = deque(enumerate(errands))
        self._count = len(errands)
        self._until = until
        self._parallel = parallel
        self._running: dict[int, _Running[T]] = {}
        self._results: dict[int, T] = {}
        self._mailbox: SimpleQueue[_Ended[T]] = SimpleQueue()

    def results(self) -> list[T]:
        try:
            while self._waiting or self._running:
                self._admit()
                wake_at = self._advance()
                if not self._has_room():
                    self._listen(wake_at)
            return [self._results[place] for place in range(self._count)]
        finally:  # a failure of one, or an exception that came for our thread
            for running in self._running.values():
                running.abandon(running.attempts)

    def _has_room(self) -> bool:
        """For a call that waits for its turn."""
        return bool(self._waiting) and len(self._running) < self._parallel

    def _admit(self) -> None:
        while self._has_room():
            place, errand = self._waiting.popleft()
            self._driver._budget.earn()
            now = self._now()
            race = Race(
                errand.policy,
                now=now,
                until=self._until,
                idempotent=errand.idempotent,
                allow=self._driver._budget.spend,
            )
            self._running[place] = _Running(errand, race, now)

    def _advance(self) -> float | None:
        """One step of each call; when to look again, None for at once."""
        wake_at: float | None = None
        for place, running in list(self._running.items()):
            denied = running.race.denied
            step = running.race.step(self._now())
            running.abandon(step.abandon)
            if running.race.denied and not denied:
                self._driver._observer.budget_denied(running.errand.endpoint)
            if step.start is not None:
                self._begin(place, running, step.start)
            if step.verdict is not None:
                self._conclude(place, running, step.verdict)
            else:
                wake_at = step.wake_at if wake_at is None else min(wake_at, step.wake_at)
        return wake_at

    def _begin(self, place: int, running: _Running[T], start: Start) -> None:
        attempt = Attempt(number=start.number, ends_at=start.ends_at)
        future = self._driver._threads.submit(running.errand.attempt, attempt)
        running.attempts[start.number] = attempt, future
        running.kinds[start.number] = start.kind
        future.add_done_callback(partial(self._post, place, start.number))
        self._driver._observer.attempt(running.errand.endpoint, start.kind)

    def _post(self, place: int, number: int, future: Future[T]) -> None:
        self._mailbox.put(_Ended(place, number, self._now(), future))

    def _listen(self, wake_at: float | None) -> None:
        """What has ended by now, or ends until `wake_at`."""
        arrived: list[_Ended[T]] = []
        try:
            wait = 0.0 if wake_at is None else max(0.0, wake_at - self._now())
            arrived.append(self._mailbox.get(timeout=wait))
            while True:
                arrived.append(self._mailbox.get_nowait())
        except Empty:
            pass
        for each in sorted(arrived, key=lambda ended: (ended.at, ended.number)):
            running = self._running.get(each.place)
            if running is not None:
                error = _error_of(each.future)
                running.failure = error or running.failure
                running.race.ended(each.number, _outcome(error), now=each.at)

    def _conclude(self, place: int, running: _Running[T], verdict: Verdict) -> None:
        del self._running[place]
        observer, endpoint = self._driver._observer, running.errand.endpoint
        observer.call_took(endpoint, self._now() - running.began)
        if not isinstance(verdict, Settled):
            raise UnavailableError(
                service=self._driver._service,
                call=running.errand.call,
                reason=verdict.reason,
                tries=tuple(running.race.tries),
            ) from running.failure
        _, future = running.attempts[verdict.number]
        self._results[place] = future.result()
        if running.kinds[verdict.number] is Kind.HEDGE:
            observer.hedge_won(endpoint)


def _error_of(future: Future[T]) -> BaseException | None:
    return CancelledError() if future.cancelled() else future.exception()


def _outcome(error: BaseException | None) -> Outcome:
    if isinstance(error, CancelledError):
        return Outcome(Ending.ABANDONED)
    return outcome_of(error)
