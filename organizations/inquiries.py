"""What the Directory is asked before anything is written: one fetch, outside of a transaction."""

import logging
from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from clients.directory.client import Directory
from clients.directory.duplicates import DUPLICATE
from clients.directory.fields import LINKING, Field
from clients.directory.records import Organization
from clients.errors import ServiceError
from organizations import arrivals, refusals, statuses
from organizations.linking import Known

logger = logging.getLogger(__name__)

# A person waits. One fetch takes three seconds at worst, with a look-up of what was left out six;
# what takes longer is a list of thousands from a slow Directory, better refused.
MOST_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Told:
    """`at`: the shard's time before it was asked. `organization`: the new one, None where there is
    none. `counters`: of those that were asked about, None for unknown ones; None altogether where
    the Directory was away and nothing new is linked: the campaign's counters are left alone.
    """

    at: datetime
    organization: Known | None = None
    counters: Mapping[int, int | None] | None = None


def about(*, new: int | None, counting: Set[int], directory: Directory) -> Told:
    """Ask about the organization that is `new` on a banner or campaign, and for counters.

    Where nothing is new only counters are asked for; where none are needed either, nobody is.
    Raises LinkRefusedError: the new one may not be linked, or the Directory is away.
    """
    at = arrivals.read_begins()
    if new is None:
        return Told(at, counters=_counters(counting, directory))
    fields = LINKING | ({Field.METRIKA_DATA} if counting else set())
    try:
        found = directory.bulk({new} | counting, fields=fields, deadline=MOST_SECONDS)
    except ServiceError as error:
        logger.warning("organizations.link_unanswered", extra={"detail": str(error)})
        raise refusals.directory_unavailable() from error
    known = _judged(new, found.get(new))
    counters = {each: found[each].counter_id if each in found else None for each in counting}
    return Told(at, known, counters)


def _counters(counting: Set[int], directory: Directory) -> Mapping[int, int | None] | None:
    if not counting:
        return {}
    try:
        found = directory.counters(counting, deadline=MOST_SECONDS)
    except ServiceError as error:
        logger.warning("organizations.counters_unanswered", extra={"detail": str(error)})
        return None
    return {each: found.get(each) for each in counting}


def _judged(permalink: int, found: Organization | None) -> Known:
    """Strict at the door: who is linked has to be PUBLISHED now, whatever becomes of it later."""
    if found is None:
        raise refusals.not_found(permalink)
    said = found.publishing_status or ""
    if said == DUPLICATE and found.head_permalink not in {None, 0, permalink}:
        raise refusals.duplicate_of(permalink, found.head_permalink)
    status = statuses.of_directory(said)
    if status is not statuses.Status.PUBLISHED:
        raise refusals.not_published(permalink, status)
    chain_id = found.chain.chain_id if found.chain else 0
    return Known(permalink, chain_id, statuses.stored(status))
