"""Our own writes as their echo sees them: which companies, whether confirmed, and as of when.

amoCRM sends a hook for every change, ours too. A change is ours where amoCRM's own time of it is
not later than what amoCRM confirmed for our last write to that company. What cannot be confirmed in
time is written down here, so that an echo that comes earlier waits instead of being taken for a
person's edit.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.conf import settings

from clients.errors import UnknownOutcomeError
from operations import statements

UNSETTLED_SECONDS = 60  # a request lasts half of it; after that its echo is a change like others
KEPT_SECONDS = 3600  # a hook that comes later is treated as a person's edit: one refresh too many

BEGIN = """
INSERT INTO own_write (company_ids, started_at) VALUES (%(companies)s::bigint[], clock_timestamp())
RETURNING id
"""
FINISH = "UPDATE own_write SET updated_at = %(updated_at)s WHERE id = %(id)s"
FORGET = "DELETE FROM own_write WHERE id = ANY(%(ids)s)"
SWEEP = """
DELETE FROM own_write WHERE started_at < clock_timestamp() - %(kept)s * interval '1 second'
"""

LAST = """
SELECT c.company_id::bigint, s.crm_updated_at
FROM companies c JOIN seller_sync s USING (seller_id)
WHERE c.company_id = ANY(%(texts)s)
"""
NOTED = """
SELECT unnest(company_ids), updated_at
FROM own_write
WHERE company_ids && %(companies)s::bigint[]
  AND (updated_at IS NOT NULL
       OR started_at > clock_timestamp() - %(unsettled)s * interval '1 second')
"""
ATTEMPTS = """
SELECT replace(id::text, '-', ''), state FROM create_attempt WHERE id = ANY(%(tokens)s::uuid[])
"""


@dataclass(frozen=True, slots=True)
class OwnWrites:
    """What we know of our writes to some companies.

    `mapped`: which of them have a seller. `confirmed`: amoCRM's time of our last write, Unix
    seconds. `unsettled`: a write of ours is on its way. `attempts`: token -> state of our creates.
    """

    mapped: frozenset[int] = frozenset()
    confirmed: Mapping[int, int] = field(default_factory=dict)
    unsettled: frozenset[int] = frozenset()
    attempts: Mapping[str, str] = field(default_factory=dict)


@contextmanager
def underway(*, companies: Sequence[int]) -> Iterator[int]:
    """Around one write: its number, for `finish` or `forget`; an unknown outcome stays unsettled."""
    write = begin(companies=companies)
    try:
        yield write
    except UnknownOutcomeError:
        raise
    except BaseException:  # nothing was executed
        forget(writes=[write])
        raise


def begin(*, companies: Sequence[int]) -> int:
    """A write to these companies is on its way. Its number, for `finish` or `forget`."""
    return int(statements.fetch(BEGIN, {"companies": list(companies)})[0][0])


def finish(*, write: int, updated_at: int | None) -> None:
    """amoCRM confirmed the write, as of `updated_at`; None: it changed nothing."""
    if updated_at is None:
        forget(writes=[write])
    else:
        statements.execute(FINISH, {"id": write, "updated_at": updated_at})


def forget(*, writes: Sequence[int]) -> None:
    """These are confirmed where the sellers are, or never happened."""
    if writes:
        statements.execute(FORGET, {"ids": list(writes)})


def sweep() -> int:
    """What no echo can be waiting for any more. How many."""
    return statements.execute(SWEEP, {"kept": KEPT_SECONDS})


def known(*, companies: Sequence[int], tokens: Sequence[str]) -> OwnWrites:
    """Everything about these companies; `tokens`: of create attempts, as found in the hooks."""
    if not companies:
        return OwnWrites()
    # What is on its way first: a write that is confirmed between the two reads is in the second.
    unsettled_for = UNSETTLED_SECONDS * settings.CLOCK_SCALE
    noted = {"companies": list(companies), "unsettled": unsettled_for}
    on_their_way = statements.fetch(NOTED, noted)
    last = statements.fetch(LAST, {"texts": [str(company) for company in companies]})
    confirmed = {company: moment for company, moment in last if moment is not None}
    unsettled = set()
    for company, updated_at in on_their_way:
        if updated_at is None:
            unsettled.add(company)
        else:
            confirmed[company] = max(updated_at, confirmed.get(company, 0))
    made = statements.fetch(ATTEMPTS, {"tokens": list(tokens)}) if tokens else []
    return OwnWrites(
        mapped=frozenset(company for company, _ in last),
        confirmed=confirmed,
        unsettled=frozenset(unsettled),
        attempts=dict(made),
    )
