"""The Directory of organisations. Its contract is ours (docs/contracts/directory.openapi.yaml)."""

import logging
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from typing import Final

from clients.calls import Call
from clients.directory import reading
from clients.directory.counters import Counters
from clients.directory.duplicates import recognised, restored
from clients.directory.fields import LINKING, PREVIEW, Field, completed
from clients.directory.portions import joined, portions
from clients.directory.records import Organization
from clients.errors import ServiceError
from clients.hedging.driver import Errand
from clients.hedging.policy import HedgePolicy
from clients.hedging.service import HedgedService
from clients.hedging.unavailable import UnavailableError
from clients.shapes import JsonObject, yes_or_no
from clients.single_flight import SingleFlight

logger = logging.getLogger(__name__)

# At worst 3.0 s and 7.0 s: every soft timeout another attempt, while retries remain.
USUAL: Final = HedgePolicy(attempt_timeout=2.0, soft_timeout=0.5, retries=2, max_in_flight=3)
SEARCH: Final = HedgePolicy(attempt_timeout=5.0, soft_timeout=1.0, retries=2, max_in_flight=3)
SINGLE_LOOKUPS: Final = 10  # of what a bulk answer left out; all at the same time


class Directory:
    """Safe to share between threads; made anew in each process.

    Every method takes `deadline`, the seconds that its caller has left; None: as long as its
    requests take. All raise UnavailableError when no attempt of a request was answered, and what
    `Transport.call` raises for refusals. `status_said` hears every publishing status of an answer.
    """

    def __init__(
        self,
        service: HedgedService,
        *,
        flights: SingleFlight,
        usual: HedgePolicy = USUAL,
        search: HedgePolicy = SEARCH,
        single_lookups: int = SINGLE_LOOKUPS,
        honours_keys: bool = True,
        status_said: Callable[[str], object] = lambda _: None,
    ) -> None:
        self._service = service
        self._status_said = status_said
        self._usual = usual
        self._search = search
        self._single_lookups = single_lookups
        self._counters = Counters(service, policy=usual, flights=flights, honours_keys=honours_keys)

    def preview(
        self,
        permalinks: Collection[int],
        *,
        fields: Iterable[Field] = PREVIEW,
        deadline: float | None = None,
    ) -> dict[int, Organization]:
        """For looking at: exactly one is asked by itself, more in bulk. Unknown ones are absent."""
        asked, until = _unique(permalinks), _moment(deadline)
        if len(asked) != 1:
            return self._bulk(asked, fields, until)
        wanted = completed(fields, restoring=False)
        found = self._single(asked, wanted, until)
        return self._with_counters(found, wanted, until)

    def bulk(
        self,
        permalinks: Collection[int],
        *,
        fields: Iterable[Field] = LINKING,
        deadline: float | None = None,
    ) -> dict[int, Organization]:
        """For linking: in bulk however many. Duplicates are restored; unknown ones are absent."""
        return self._bulk(_unique(permalinks), fields, _moment(deadline))

    def counters(
        self, permalinks: Collection[int], *, deadline: float | None = None
    ) -> dict[int, int]:
        """Metrika counters, created where missing. All or an error; unknown ones are absent."""
        return self._counters.get(_unique(permalinks), until=_moment(deadline))

    def search(
        self,
        text: str,
        *,
        region: int | None = None,
        limit: int = 20,
        offset: int = 0,
        fields: Iterable[Field] = PREVIEW,
        deadline: float | None = None,
    ) -> list[Organization]:
        """A page of what is found by name or address, best first."""
        wanted = completed(fields, restoring=False)
        params = [("text", text), ("limit", str(limit)), ("offset", str(offset))]
        if region is not None:
            params.append(("region", str(region)))
        call = Call("GET", "/v1/companies/search", params=(*params, _expand(wanted)))
        errand = self._service.errand(
            call,
            lambda found: reading.organizations(found, wanted, None),
            endpoint="search",
            policy=self._search,
        )
        [listed] = self._service.ask([errand], until=_moment(deadline))
        return [self._recognised(each) for each in listed]

    def owns(self, *, uid: int, permalink: int, deadline: float | None = None) -> bool:
        """Whether this passport owns the organisation. Who cannot be asked about does not."""
        call = Call(
            "GET",
            f"/v1/companies/{permalink}/is-owner",
            params=(("uid", str(uid)),),
            may_be_absent=True,
        )
        errand = self._service.errand_to_find(call, _owned, endpoint="is-owner", policy=self._usual)
        try:
            return bool(self._service.ask([errand], until=_moment(deadline))[0])
        except ServiceError as error:
            logger.warning("directory.owner_unknown", extra={"detail": str(error)})
            return False

    def close(self) -> None:
        """End the threads and close the connections."""
        self._service.close()

    def _bulk(
        self, asked: list[int], fields: Iterable[Field], until: float | None
    ) -> dict[int, Organization]:
        wanted = completed(fields, restoring=len(asked) > 1)
        errands = [self._portion(portion, wanted) for portion in portions(asked)]
        listed = self._service.ask(errands, until=until)
        found = {each.permalink: self._recognised(each) for part in listed for each in part}
        copies = restored(asked, found)
        left_out = [each for each in asked if each not in found and each not in copies]
        looked_up = self._look_up(left_out[: self._single_lookups], wanted, until)
        known = self._with_counters(found | looked_up, wanted, until)
        return known | restored(copies, known)

    def _portion(self, portion: list[int], wanted: frozenset[Field]) -> Errand[list[Organization]]:
        asked = frozenset(portion)
        params = (("permalinks", joined(portion)), _expand(wanted))
        return self._service.errand(
            Call("GET", "/v1/companies", params=params),
            lambda found: reading.organizations(found, wanted, asked),
            endpoint="bulk",
            policy=self._usual,
        )

    def _look_up(
        self, left_out: list[int], wanted: frozenset[Field], until: float | None
    ) -> dict[int, Organization]:
        """What a bulk answer left out may be a duplicate, which is told of when asked by itself.

        It is not found already; this only says why. So a failure costs nothing but that.
        """
        try:
            return self._single(left_out, wanted, until)
        except UnavailableError as error:
            logger.warning("directory.look_up_failed", extra={"detail": str(error)})
            return {}

    def _single(
        self, permalinks: list[int], wanted: frozenset[Field], until: float | None
    ) -> dict[int, Organization]:
        errands = [self._one(permalink, wanted) for permalink in permalinks]
        listed = self._service.ask(errands, until=until, parallel=SINGLE_LOOKUPS)
        return {each.permalink: self._recognised(each) for each in listed if each is not None}

    def _one(self, permalink: int, wanted: frozenset[Field]) -> Errand[Organization | None]:
        asked = frozenset({permalink})
        call = Call(
            "GET", f"/v1/companies/{permalink}", params=(_expand(wanted),), may_be_absent=True
        )
        return self._service.errand_to_find(
            call,
            lambda found: reading.organization(found, wanted, asked),
            endpoint="single",
            policy=self._usual,
        )

    def _recognised(self, each: Organization) -> Organization:
        if each.publishing_status is not None:
            self._status_said(each.publishing_status)
        return recognised(each)

    def _with_counters(
        self, found: dict[int, Organization], wanted: frozenset[Field], until: float | None
    ) -> dict[int, Organization]:
        if Field.METRIKA_DATA not in wanted:
            return found
        missing = [each.permalink for each in found.values() if each.counter_id is None]
        created = self._counters.create(missing, until=until)
        return found | {
            permalink: replace(found[permalink], counter_id=counter)
            for permalink, counter in created.items()
        }


def _owned(found: JsonObject) -> bool:
    return yes_or_no(found, "owned")


def _expand(fields: frozenset[Field]) -> tuple[str, str]:
    return "expand", ",".join(sorted(fields))


def _unique(permalinks: Collection[int]) -> list[int]:
    if any(permalink <= 0 for permalink in permalinks):
        raise ValueError("a permalink is above 0")
    return list(dict.fromkeys(permalinks))


def _moment(deadline: float | None) -> float | None:
    return None if deadline is None else time.monotonic() + deadline
