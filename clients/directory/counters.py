"""Metrika counters of organisations: read, and created where there is none yet."""

import logging
import time
from collections.abc import Callable, Collection
from functools import partial
from uuid import uuid4

from clients.calls import Call
from clients.directory.portions import joined, portions
from clients.directory.reading import counters
from clients.errors import NotSentError
from clients.hedging.policy import HedgePolicy
from clients.hedging.service import HedgedService
from clients.shapes import count
from clients.single_flight import FlightsUnavailableError, SingleFlight

logger = logging.getLogger(__name__)

# Seconds a creation keeps others off its permalink: a re-read and a creation at their worst (3 s
# each) and as much again, since an attempt that was given up may still arrive.
FLIGHT_SECONDS = 12.0
# Seconds to wait for somebody else's creation: its worst case, and a re-read.
PATIENCE = 6.0
LOOK_AGAIN = 0.2  # seconds between two looks at it


class Counters:
    """`honours_keys`: whether the Directory creates one counter for one Idempotency-Key. Where not,
    a creation flies alone and is repeated only if it was certainly not sent.
    """

    def __init__(
        self,
        service: HedgedService,
        *,
        policy: HedgePolicy,
        flights: SingleFlight,
        honours_keys: bool,
        pause: Callable[[float], object] = time.sleep,
    ) -> None:
        self._service = service
        self._policy = policy
        self._flights = flights
        self._honours_keys = honours_keys
        self._pause = pause

    def get(self, permalinks: Collection[int], *, until: float | None) -> dict[int, int]:
        """Counter by permalink; created where missing, absent for what the Directory does not know."""
        found = self._read(permalinks, until)
        missing = [each for each in permalinks if each not in found]
        return found | self.create(missing, until=until)

    def create(self, permalinks: Collection[int], *, until: float | None) -> dict[int, int]:
        """Counters for organisations that were seen without one, by us or by who was faster."""
        found: dict[int, int] = {}
        waiting = list(dict.fromkeys(permalinks))
        give_up_at = time.monotonic() + PATIENCE
        if until is not None:
            give_up_at = min(give_up_at, until)
        while waiting:
            mine = self._enter(waiting)
            # Nobody else creates for these now; somebody may have since we looked.
            found |= self._read(waiting, until)
            found |= self._create(mine, found, until)
            waiting = [each for each in waiting if each not in found and each not in mine]
            if waiting and time.monotonic() >= give_up_at:
                raise self._not_sent("somebody else is creating it, and takes too long")
            if waiting:
                self._pause(LOOK_AGAIN)
        return found

    def _read(self, permalinks: Collection[int], until: float | None) -> dict[int, int]:
        errands = []
        for portion in portions(permalinks):
            call = Call("GET", "/v1/metrika", params=(("permalinkIds", joined(portion)),))
            asked = frozenset(portion)
            errands.append(
                self._service.errand(
                    call,
                    partial(counters, asked=asked),
                    endpoint="metrika",
                    policy=self._policy,
                )
            )
        merged: dict[int, int] = {}
        for part in self._service.ask(errands, until=until):
            merged |= part
        return merged

    def _enter(self, permalinks: Collection[int]) -> dict[int, str]:
        """Tokens of the permalinks that are ours to create for."""
        entered: dict[int, str] = {}
        for each in permalinks:
            try:
                token = self._flights.enter(_flight(each), seconds=FLIGHT_SECONDS)
            except FlightsUnavailableError as error:
                self._leave(entered)
                raise self._not_sent(str(error)) from error
            if token is not None:
                entered[each] = token
        return entered

    def _create(
        self, mine: dict[int, str], found: dict[int, int], until: float | None
    ) -> dict[int, int]:
        """A failure leaves its flights to expire: a creation may still arrive."""
        self._leave({each: token for each, token in mine.items() if each in found})
        missing = [each for each in mine if each not in found]
        if not missing:
            return {}
        errands = [
            self._service.errand_to_find(
                self._creation(permalink),
                lambda answer: count(answer, "counter_id"),
                endpoint="create-metrika",
                policy=self._policy,
            )
            for permalink in missing
        ]
        created = self._service.ask(errands, until=until)
        self._leave({each: mine[each] for each in missing})
        logger.info("directory.counters_created", extra={"permalinks": missing})
        return {
            permalink: counter
            for permalink, counter in zip(missing, created, strict=True)
            if counter is not None
        }

    def _creation(self, permalink: int) -> Call:
        return Call(
            "POST",
            f"/v3/companies/{permalink}/create-metrika",
            headers={"Idempotency-Key": uuid4().hex},  # of the call: each attempt carries it
            writes=True,
            repeatable=self._honours_keys,
            may_be_absent=True,
        )

    def _leave(self, tokens: dict[int, str]) -> None:
        for permalink, token in tokens.items():
            self._flights.leave(_flight(permalink), token)

    def _not_sent(self, detail: str) -> NotSentError:
        return NotSentError(service="directory", call="create-metrika", detail=detail)


def _flight(permalink: int) -> str:
    return f"create-metrika:{permalink}"
