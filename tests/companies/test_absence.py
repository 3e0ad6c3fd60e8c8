"""The scan that proves absence, in stretches."""

import uuid
from contextlib import closing
from datetime import UTC, datetime, timedelta

from django.db import transaction

from companies import attempts
from companies.absence import Scan
from companies.models import Company, CreateAttempt
from companies.reconciling import Settled, _by_scan, _Open
from crm.connection import ready_client
from tests.database_clock import DatabaseClock
from tests.world import World

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def test_stretches_cover_everything_also_when_companies_come_in_between(world: World) -> None:
    world.amocrm.post("companies", [{"name": f"старая {n}"} for n in range(700)])
    seen: set[str] = set()
    with closing(ready_client()) as client:
        first = Scan(client=client, floor=0, most_pages=1)
        seen |= {record.name for record in first.records()}
        assert not first.is_complete
        world.amocrm.post("companies", [{"name": f"новая {n}"} for n in range(20)])
        second = Scan(client=client, floor=0, most_pages=10)
        assert second.started_at == first.started_at
        seen |= {record.name for record in second.records()}
        assert second.is_complete
        third = Scan(client=client, floor=0)
    assert {f"старая {n}" for n in range(700)} <= seen
    assert third.started_at > second.started_at


def test_scan_ends_at_its_floor(world: World) -> None:
    ids = world.amocrm.post("companies", [{"name": str(n)} for n in range(600)])["ids"]
    with closing(ready_client()) as client:
        scan = Scan(client=client, floor=sorted(ids)[-100])
        assert len(list(scan.records())) == 250
        assert scan.is_complete


def test_scan_is_dated_by_the_clock_of_the_database(world: World) -> None:
    with closing(ready_client()) as client, transaction.atomic():
        DatabaseClock(LONG_AGO)
        assert Scan(client=client, floor=0).started_at == LONG_AGO
        transaction.set_rollback(True)


def test_stretch_looks_also_for_those_that_are_judged_by_a_later_one(world: World) -> None:
    world.prepare_fields()
    world.amocrm.post("companies", [{"name": str(n)} for n in range(300)])
    due, not_due_yet = _sent("s1"), _sent("s2")
    made = world.amocrm.post("companies", [{"name": "s2", "fields": {"ID продавца": "s2"}}])["ids"]
    with closing(ready_client()) as client:
        _by_scan(client, [due], Settled(), timedelta(0), most_pages=1)  # the one page with s2 on it
        _by_scan(client, [due, not_due_yet], Settled(), timedelta(0))
    assert list(Company.objects.values_list("seller_id", "company_id")) == [("s2", str(made[0]))]
    assert CreateAttempt.objects.get(pk=not_due_yet.attempt).absent_reads == 0


def _sent(seller: str) -> _Open:
    attempt = uuid.uuid4()
    attempts.claim(
        attempt=attempt, run_id=None, prints={seller: (b"1", None)}, as_of=LONG_AGO, lease=60
    )
    sent_at = attempts.mark_sent(attempt=attempt, marked=None)
    assert sent_at is not None
    return _Open(attempt, watermark=0, absent_reads=0, sent_at=sent_at, sellers=frozenset({seller}))
