"""Settling creations whose answer was lost: read amoCRM back after the settle time, adopt what exists.

Absence is proved twice, a quarter of the settle time apart, before a seller is free again
(docs/reliability.md, "Settling").
"""

import logging
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F

from clients.amocrm.client import AmoCrm
from clients.amocrm.records import CompanyRecord
from clients.pacing import Lane
from companies import attempts
from companies.absence import MOST_PAGES, Scan
from companies.fields import ATTEMPT, SELLER_ID
from companies.models import CompanyDuplicate, CreateAttempt, SellerSync
from operations import alerts, counters, failpoints, leases, statements
from operations.models import Alert

logger = logging.getLogger(__name__)

LEASE = "companies.reconciler"
LEASE_SECONDS = 120  # one pass; longer than a task may run
MOST_ATTEMPTS = 50  # a pass: at 7 requests/s that is a few seconds of reading
ABSENCES_NEEDED = 2
ADOPTED = "companies_adopted:read_back"  # counters: what became of sellers without an outcome
FREED = "sellers_freed"
SCAN_SECONDS = 100  # the pause of creation while absence is being proved

DUE = """
SELECT id, watermark, absent_reads, sent_at FROM create_attempt
WHERE state = 's' AND sent_at < clock_timestamp() - %(settle)s * interval '1 second'
  AND (absent_at IS NULL OR absent_at < clock_timestamp() - %(settle)s * interval '1 second' / 4)
ORDER BY absent_reads, sent_at LIMIT %(most)s
"""
BY_ID = """
SELECT id, watermark, absent_reads, sent_at FROM create_attempt WHERE id = ANY(%(attempts)s)
"""


@dataclass(slots=True)
class Settled:
    """What one pass did. `adopted`, `freed`: sellers; `waiting`: attempts to be read once more."""

    attempts: int = 0
    adopted: int = 0
    freed: int = 0
    waiting: int = 0
    duplicates: int = 0


@dataclass(frozen=True, slots=True)
class _Open:
    """A sent attempt and the sellers it still has to account for."""

    attempt: uuid.UUID
    watermark: int
    absent_reads: int
    sent_at: datetime
    sellers: frozenset[str]


def settle(*, client: AmoCrm, settle_time: float) -> Settled | None:
    """Read back every attempt that is due. None: another process is at it. `settle_time`: seconds."""
    with leases.held(name=LEASE, seconds=LEASE_SECONDS) as holder:
        if holder is None:
            return None
        done = Settled()
        missing = [
            rest for due in _due(settle_time) if (rest := _by_token(client, due, done)) is not None
        ]
        if missing:
            _by_scan(client, missing, done, timedelta(seconds=settle_time))
    if done.duplicates:
        alerts.raise_alert(
            kind=Alert.Kind.DUPLICATE, text=f"При сверке найдено дублей: {done.duplicates}"
        )
    if done.attempts:
        counters.add({ADOPTED: done.adopted, FREED: done.freed})
        logger.info("reconcile.settled", extra={"adopted": done.adopted, "freed": done.freed})
    return done


def _due(settle_time: float) -> list[_Open]:
    rows = statements.fetch(DUE, {"settle": settle_time, "most": MOST_ATTEMPTS})
    return _opened(rows)


def _opened(rows: Iterable[tuple[Any, ...]]) -> list[_Open]:
    return [
        _Open(attempt, watermark, absent_reads, sent_at, _sellers(attempt))
        for attempt, watermark, absent_reads, sent_at in rows
    ]


def _sellers(attempt: uuid.UUID) -> frozenset[str]:
    sellers = SellerSync.objects.filter(attempt_id=attempt, state=SellerSync.State.CLAIMED)
    return frozenset(sellers.values_list("seller_id", flat=True))


def _by_token(client: AmoCrm, due: _Open, done: Settled) -> _Open | None:
    """One search for the attempt's token; matches are compared exactly, amoCRM's search is fuzzy.

    Returns what is still missing; None where nobody is.
    """
    done.attempts += 1
    page = client.companies.page(lane=Lane.BULK, query=due.attempt.hex)
    found = _companies(record for record in page.records if record.text(ATTEMPT) == due.attempt.hex)
    return _adopt(due, found, done)


def _by_scan(
    client: AmoCrm,
    missing: Sequence[_Open],
    done: Settled,
    settle_time: timedelta,
    most_pages: int = MOST_PAGES,
) -> None:
    """A stretch of all companies newer than the oldest attempt, while no new ones are created.

    An attempt is judged by a scan that began after its settle time, and that came to its end. Such
    a scan has looked for it in each of its stretches, whoever was due then: each looks for everybody.
    """
    with leases.held(name=attempts.ABSENCE_SCAN, seconds=SCAN_SECONDS) as holder:
        if holder is None:
            done.waiting += len(missing)
            return
        failpoints.reach("reconcile.scanning")
        floor = min(due.watermark for due in missing)
        scan = Scan(client=client, floor=floor, most_pages=most_pages)
        sought = _sought()
        found = _companies(record for record in scan.records() if record.text(SELLER_ID) in sought)
    judged = {due.attempt for due in missing}
    others = {sought[seller] for seller in found} - judged
    for other in _opened(statements.fetch(BY_ID, {"attempts": list(others)})):
        _adopt(other, found, done)
    for due in missing:
        rest = _adopt(due, found, done)
        if rest is None:
            continue
        if scan.is_complete and due.sent_at + settle_time <= scan.started_at:
            _absent(rest, done)
        else:
            done.waiting += 1


def _sought() -> dict[str, uuid.UUID]:
    """Whoever was sent and is not settled -> the attempt."""
    sellers = SellerSync.objects.filter(
        state=SellerSync.State.CLAIMED, attempt__state=CreateAttempt.State.SENT
    )
    return {seller.seller_id: seller.attempt_id for seller in sellers if seller.attempt_id}


def _adopt(due: _Open, found: Mapping[str, Sequence[int]], done: Settled) -> _Open | None:
    mine = {seller: ids for seller, ids in found.items() if seller in due.sellers}
    left = due.sellers - mine.keys()
    failpoints.reach("reconcile.read")
    confirmed = attempts.confirm(
        attempt=due.attempt,
        companies={seller: ids[0] for seller, ids in mine.items()},
        complete=not left,
        how=CompanyDuplicate.How.READ_BACK,
        closed_as=CreateAttempt.State.RESOLVED,
    )
    if mine:
        attempts.forget_duplicates(sellers=list(mine))  # of an adoption while this was under way
    done.adopted += confirmed.born
    done.duplicates += confirmed.duplicates + record_duplicates(
        found=mine, how=CompanyDuplicate.How.READ_BACK
    )
    return replace(due, sellers=left) if left else None


def _absent(rest: _Open, done: Settled) -> None:
    if rest.absent_reads + 1 >= ABSENCES_NEEDED:
        attempts.release(
            attempt=rest.attempt, closed_as=CreateAttempt.State.RESOLVED, sent_at=rest.sent_at
        )
        done.freed += len(rest.sellers)
        return
    done.waiting += 1
    CreateAttempt.objects.filter(
        pk=rest.attempt, state=CreateAttempt.State.SENT, sent_at=rest.sent_at
    ).update(absent_reads=F("absent_reads") + 1, absent_at=statements.now())


def _companies(records: Iterable[CompanyRecord]) -> dict[str, list[int]]:
    """Seller -> its companies, oldest first."""
    found: dict[str, list[int]] = {}
    for record in records:
        if not record.is_deleted:
            found.setdefault(record.text(SELLER_ID), []).append(record.company_id)
    return {seller: sorted(ids) for seller, ids in found.items() if seller}


def record_duplicates(*, found: Mapping[str, Sequence[int]], how: CompanyDuplicate.How) -> int:
    """Write down every company of a seller beyond the first. How many were new."""
    second = [
        CompanyDuplicate(seller_id=seller, company_id=str(company), how=how)
        for seller, companies in found.items()
        for company in companies[1:]
    ]
    before = CompanyDuplicate.objects.count() if second else 0
    CompanyDuplicate.objects.bulk_create(second, ignore_conflicts=True)
    return CompanyDuplicate.objects.count() - before if second else 0
