"""Hedged calls to a service that speaks JSON: each attempt over a connection of its own."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar
from uuid import uuid4

from clients import answers
from clients.calls import Answer, Call, Limits
from clients.hedging.attempt import Attempt
from clients.hedging.driver import PARALLEL, Driver, Errand
from clients.hedging.policy import HedgePolicy
from clients.json_service import OK, JsonService
from clients.pacing import Lane
from clients.shapes import JsonObject
from clients.transport import Transport

T = TypeVar("T")

MOST_IDLE = 8  # connections kept for the next attempts, per policy
CALL_ID = "X-Call-Id"  # names the call, the same on each of its attempts: for the service's logs


class HedgedService:
    """Safe to share between threads.

    `connect` makes a Transport within the limits given; each attempt has one for itself. A loser's
    is closed, the others' are kept for later attempts.
    """

    def __init__(self, driver: Driver, connect: Callable[[Limits], Transport]) -> None:
        self._driver = driver
        self._connect = connect
        self._lock = threading.Lock()
        self._idle: dict[float, list[Transport]] = {}  # by the attempt's timeout: a few policies

    def ask(
        self, errands: Sequence[Errand[T]], *, until: float | None, parallel: int = PARALLEL
    ) -> list[T]:
        """See `Driver.run`."""
        return self._driver.run(errands, until=until, parallel=parallel)

    def errand(
        self, call: Call, shape: Callable[[JsonObject], T], *, endpoint: str, policy: HedgePolicy
    ) -> Errand[T]:
        """The call, and its answer in `shape`; a shape that does not fit is worth another attempt."""
        return self._errand(call, _promised(call, shape), endpoint, policy)

    def errand_to_find(
        self, call: Call, shape: Callable[[JsonObject], T], *, endpoint: str, policy: HedgePolicy
    ) -> Errand[T | None]:
        """The same for a call that `may_be_absent`: None for the service's own 404."""
        promised = _promised(call, shape)

        def found(service: JsonService, answer: Answer) -> T | None:
            return None if answers.is_absence(answer, call=call) else promised(service, answer)

        return self._errand(call, found, endpoint, policy)

    def close(self) -> None:
        """End the threads and close the connections."""
        self._driver.close()
        with self._lock:
            for transport in (each for idle in self._idle.values() for each in idle):
                transport.close()
            self._idle.clear()

    def _errand(
        self,
        call: Call,
        read: Callable[[JsonService, Answer], T],
        endpoint: str,
        policy: HedgePolicy,
    ) -> Errand[T]:
        headers: Mapping[str, str] = {**call.headers, CALL_ID: uuid4().hex}
        named = replace(call, headers=headers)

        def attempt(attempt: Attempt) -> T:
            transport = self._take(policy)
            try:
                attempt.hold(transport.abort)
                answer = transport.call(
                    named, lane=Lane.INTERACTIVE, before_first_byte=attempt.may_leave_until
                )
                return read(JsonService(transport), answer)
            finally:
                self._put(policy, transport, whole=attempt.release())

        return Errand(str(call), endpoint, policy, attempt, not call.writes or call.repeatable)

    def _take(self, policy: HedgePolicy) -> Transport:
        seconds = policy.attempt_timeout
        with self._lock:
            if idle := self._idle.get(seconds):
                return idle.pop()
        return self._connect(Limits(connect_seconds=seconds, total_seconds=seconds))

    def _put(self, policy: HedgePolicy, transport: Transport, *, whole: bool) -> None:
        with self._lock:
            idle = self._idle.setdefault(policy.attempt_timeout, [])
            if whole and len(idle) < MOST_IDLE:
                idle.append(transport)
                return
        transport.close()


def _promised(call: Call, shape: Callable[[JsonObject], T]) -> Callable[[JsonService, Answer], T]:
    def read(service: JsonService, answer: Answer) -> T:
        if answer.status != OK and not call.writes:
            raise service.broken(call, answer, "not a complete answer")
        return service.shaped(call, answer, shape)

    return read
