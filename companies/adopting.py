"""Companies in amoCRM that carry our seller id and that we do not know: the gate before the first
create of a run, and taking them over.

They appear when our database is younger than the account: a restored backup, a wrong DATABASE_URL,
an empty table on a filled account. Creating then would make a second company for every one of them.
"""

import logging
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from itertools import islice

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from clients.amocrm.client import AmoCrm
from clients.amocrm.records import CompanyRecord
from clients.pacing import Lane
from companies import attempts
from companies.fields import ATTEMPT, SELLER_ID
from companies.models import Company, CompanyDuplicate, CreateAttempt, Watermark
from companies.reconciling import record_duplicates
from operations import alerts, counters, leases, statements, switches
from operations.models import Alert, Switch

logger = logging.getLogger(__name__)

LEASE = "companies.gate"
LEASE_SECONDS = 90  # one check; longer than a pump's slice
WAIT_SECONDS = 30  # for another process's check
POLL_SECONDS = 0.1
CHECK_SECONDS = 25  # of reading within a pump's slice; a longer check is a matter for --adopt
PAGE = 250  # companies a statement
SYSTEM = "amonition"
ADOPTED = "companies_adopted:operator"  # a counter

ADOPT = """
WITH given AS (
    SELECT * FROM unnest(%(sellers)s::text[], %(companies)s::text[]) AS g(seller_id, company_id)
), linked AS (
    INSERT INTO seller_sync AS s (seller_id, state)
    SELECT seller_id, 'k' FROM given
    WHERE seller_id NOT IN (SELECT seller_id FROM companies)
    ORDER BY seller_id
    ON CONFLICT (seller_id) DO UPDATE SET state = 'k', fingerprint = NULL
    WHERE s.state IN ('a', 'x')
    RETURNING seller_id
), born AS (
    INSERT INTO companies (seller_id, company_id, linked_at)
    SELECT seller_id, company_id, clock_timestamp() FROM given JOIN linked USING (seller_id)
    ORDER BY seller_id ON CONFLICT DO NOTHING RETURNING seller_id
), second AS (
    INSERT INTO company_duplicate (seller_id, company_id, how, found_at)
    SELECT given.seller_id, given.company_id, 'adoption', clock_timestamp()
    FROM given LEFT JOIN companies c USING (seller_id)
    WHERE given.seller_id NOT IN (SELECT seller_id FROM linked)  -- or another one is on its way
        AND c.company_id IS DISTINCT FROM given.company_id
    ON CONFLICT DO NOTHING RETURNING seller_id
)
SELECT (SELECT count(*) FROM born), (SELECT count(*) FROM second)
"""


class Gate(Enum):
    """Whether a run may create companies."""

    OPEN = auto()
    CLOSED = auto()
    BUSY = auto()  # another process is still checking


@dataclass(slots=True)
class Adopted:
    """`looked_at`, `adopted`: companies; `duplicates`: second companies of a seller."""

    looked_at: int = 0
    adopted: int = 0
    duplicates: int = 0


def gate(*, client: AmoCrm, run_id: int) -> Gate:
    """The check of a run, made once by whichever process needs it first."""
    deadline = time.monotonic() + WAIT_SECONDS * settings.CLOCK_SCALE
    while (verdict := _verdict(run_id)) is None:
        with leases.held(name=LEASE, seconds=LEASE_SECONDS) as holder:
            if holder is not None:  # another one may have checked between the look and the lease
                return _verdict(run_id) or _check(client, run_id)
        if time.monotonic() > deadline:
            return Gate.BUSY
        time.sleep(POLL_SECONDS)
    return verdict


def _verdict(run_id: int) -> Gate | None:
    """What is known already; None: the run has not been checked."""
    if switches.is_on(Switch.Key.CREATION_CLOSED):
        return Gate.CLOSED
    return Gate.OPEN if Watermark.objects.filter(checked_run_id=run_id).exists() else None


def _check(client: AmoCrm, run_id: int) -> Gate:
    watermark = Watermark.objects.get()
    deadline = time.monotonic() + CHECK_SECONDS
    scan = client.companies.scan_newest(lane=Lane.BULK, until_id=watermark.company_id)
    newest, looked_at = watermark.company_id, 0
    while records := list(islice(scan, PAGE)):
        newest = max(newest, *(record.company_id for record in records))
        looked_at += len(records)
        strangers = _strangers([record for record in records if not record.is_deleted])
        if strangers:
            seller, company = next(iter(strangers.items()))
            return _close(f"В amoCRM есть неизвестные нам компании: {company[0]} ({seller})")
        if time.monotonic() > deadline:
            return _close(f"За {CHECK_SECONDS} с просмотрено только {looked_at} компаний amoCRM")
    Watermark.objects.filter(company_id__lt=newest).update(company_id=newest)
    Watermark.objects.update(checked_run_id=run_id, checked_at=timezone.now())
    return Gate.OPEN


def _close(what: str) -> Gate:
    reason = f"{what}. Выполните manage.py reconcile_companies --adopt"
    switches.turn(key=Switch.Key.CREATION_CLOSED, on=True, who=SYSTEM, reason=reason)
    alerts.raise_alert(kind=Alert.Kind.CREATION_CLOSED, text=reason)
    return Gate.CLOSED


def _strangers(records: Sequence[CompanyRecord]) -> dict[str, list[int]]:
    """Seller -> companies that are neither mapped nor made by an attempt we know of."""
    ours = {r.company_id: r.text(SELLER_ID) for r in records if r.text(SELLER_ID)}
    tokens = {r.company_id: r.text(ATTEMPT) for r in records}
    # Attempts first: one that is confirmed between the two reads is in the second then.
    sent = _known_attempts(tokens[company] for company in ours)
    known = set(
        Company.objects.filter(company_id__in=map(str, ours)).values_list("company_id", flat=True)
    )
    strangers: dict[str, list[int]] = {}
    for company, seller in sorted(ours.items()):
        if str(company) not in known and tokens[company] not in sent:
            strangers.setdefault(seller, []).append(company)
    return strangers


def _known_attempts(tokens: Iterable[str]) -> set[str]:
    ids = [uuid.UUID(token) for token in tokens if len(token) == 32 and _is_hex(token)]
    known = CreateAttempt.objects.filter(pk__in=ids, state=CreateAttempt.State.SENT)
    return {attempt.hex for attempt in known.values_list("pk", flat=True)}


def _is_hex(token: str) -> bool:
    return all(character in "0123456789abcdef" for character in token)


def adopt(*, client: AmoCrm, who: str) -> Adopted:
    """Take over all companies newer than the watermark that carry our seller id; then creation opens.

    Read-only in amoCRM. May be repeated; an interrupted one leaves the watermark where it was.
    """
    done = Adopted()
    newest = until = Watermark.objects.get().company_id
    scan = client.companies.scan_newest(lane=Lane.BULK, until_id=until)
    while records := list(islice(scan, PAGE)):
        done.looked_at += len(records)
        newest = max(newest, *(record.company_id for record in records))
        _take_over(_strangers([r for r in records if not r.is_deleted]), done)
    Watermark.objects.filter(company_id__lt=newest).update(company_id=newest)
    switches.turn(key=Switch.Key.CREATION_CLOSED, on=False, who=who)
    alerts.recover(kind=Alert.Kind.CREATION_CLOSED)
    counters.add({ADOPTED: done.adopted})
    logger.info("companies.adopted", extra={"adopted": done.adopted, "n": done.looked_at})
    return done


def count_orphans(*, client: AmoCrm) -> int:
    """Companies newer than the watermark that carry our seller id and that we do not know."""
    until = Watermark.objects.get().company_id
    scan = client.companies.scan_newest(lane=Lane.BACKGROUND, until_id=until)
    found = 0
    while records := list(islice(scan, PAGE)):
        strangers = _strangers([record for record in records if not record.is_deleted])
        found += sum(len(companies) for companies in strangers.values())
    return found


def _take_over(strangers: Mapping[str, Sequence[int]], done: Adopted) -> None:
    if not strangers:
        return
    sellers = list(strangers)
    arguments = {
        "sellers": sellers,
        "companies": [str(companies[0]) for companies in strangers.values()],
    }
    with transaction.atomic():
        attempts.recall(sellers=sellers)
        born, second = statements.fetch(ADOPT, arguments)[0]
    done.adopted += born
    done.duplicates += second + record_duplicates(
        found=strangers, how=CompanyDuplicate.How.ADOPTION
    )
