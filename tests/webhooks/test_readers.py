"""How much one reader takes, and readers that meet, or die."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.db.backends.utils import CursorWrapper
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from companies import own_writes
from companies.models import SellerSync
from tests.crm.threads import at_once
from tests.crossing import behind
from tests.webhooks import bodies
from tests.webhooks.bodies import ACCOUNT_ID
from tests.webhooks.rows import event, make_due, read_all, seller_of, stored, verdicts
from webhooks import reading, tasks
from webhooks.models import Delivery, Door, Event

REFRESH, LEAD = Door.COMPANY_REFRESH, Door.LEAD_STATUS
STORED, READ = Delivery.State.STORED, Delivery.State.READ
CREATED = 1_700_000_000
LEADS = [bodies.lead(number, status=(1, 2), last_modified=CREATED) for number in range(1, 4)]


@pytest.fixture(autouse=True)
def account(settings: Settings) -> None:
    """Ours; nothing waits for echoes."""
    settings.AMOCRM_ACCOUNT_ID = ACCOUNT_ID
    settings.AMOCRM_URL = "https://emulator.amocrm.ru"
    settings.WEBHOOK_ECHO_WAIT = 0
    settings.WEBHOOK_REFRESH_GAP = 0


def _states() -> list[str]:
    return list(Delivery.objects.order_by("received_at").values_list("state", flat=True))


# How much at once


@pytest.mark.django_db
def test_transaction_is_bounded_by_bytes_and_by_requests() -> None:
    large = b"x=" + b"a" * (3 * 2**20)
    for number in range(3):
        stored(LEAD, large + b"%d" % number)
    assert [reading.read_some().looked_at for _ in range(3)] == [2, 1, 0]
    Delivery.objects.bulk_create(
        Delivery(id=f"{number:032x}", door=LEAD, body=b"x", digest=b"%d" % number)
        for number in range(reading.MOST_REQUESTS + 1)
    )
    assert [reading.read_some().looked_at for _ in range(2)] == [reading.MOST_REQUESTS, 1]


@pytest.mark.django_db
def test_reader_rings_for_the_next_one_only_where_it_had_no_room_for_all(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    def rings() -> list[str]:
        with django_capture_on_commit_callbacks() as kept:
            tasks.read()
        return [ring.args[0] for ring in kept]  # type: ignore[attr-defined] # a partial

    stored(LEAD, b"x=1")
    assert rings() == []
    Delivery.objects.bulk_create(
        Delivery(id=f"{number:032x}", door=LEAD, body=b"x", digest=b"%d" % number)
        for number in range(reading.MOST_REQUESTS + 1)
    )
    assert [rings(), rings()] == [["webhooks.read"], []]
    large = b"x=" + b"a" * (3 * 2**20)
    for number in range(3):
        stored(LEAD, large + b"%d" % number)
    assert [rings(), rings()] == [["webhooks.read"], []]
    assert not Delivery.objects.filter(state=STORED).exists()


# Readers that meet, or die


@pytest.mark.django_db(transaction=True)
def test_two_readers_at_once_read_each_request_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_REQUESTS", 5)
    for number in range(1, 61):
        stored(LEAD, bodies.lead(number, status=(1, 2), last_modified=CREATED))
    assert sum(at_once(read_all, threads=3)) == 60
    assert Event.objects.count() == 60
    assert _states() == [READ] * 60


def _read_by_two() -> list[object]:
    """A second reader comes while the first has not committed yet."""
    for body in LEADS:
        stored(LEAD, body)
    return behind(reading.read_some, [reading.read_some])


@pytest.mark.django_db(transaction=True)
def test_second_reader_leaves_what_the_first_has_in_hand() -> None:
    assert _read_by_two() == [reading.Read()]
    assert Event.objects.count() == len(LEADS)


@pytest.mark.django_db(transaction=True)
def test_twin_that_locks_nothing_reads_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    unguarded = reading.LOCK.replace("FOR UPDATE SKIP LOCKED", "")
    monkeypatch.setattr(reading, "LOCK", unguarded)
    assert _read_by_two() == [reading.Read(looked_at=len(LEADS))]
    assert Event.objects.count() == 2 * len(LEADS)


@pytest.mark.django_db(transaction=True)
def test_two_readers_of_the_same_companies_wait_for_each_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading, "MOST_REQUESTS", 1)
    for company in (1, 2, 3):
        event(company, door=REFRESH)
    for order in ((1, 2, 3), (3, 2, 1)):
        items = [{"id": each, "type": "company", "last_modified": CREATED} for each in order]
        stored(REFRESH, bodies.body(contacts={"update": items}))
    middle = Event.objects.select_for_update().filter(entity_id=2)
    read = behind(lambda: list(middle), [reading.read_some, reading.read_some])
    assert read == [reading.Read(looked_at=1)] * 2, read
    assert list(Event.objects.values_list("times", flat=True)) == [3, 3, 3]


def _dies_at(statement: str) -> Callable[..., CursorWrapper]:
    """PostgreSQL ends the session just before `statement`."""

    def wrapper(
        execute: Callable[..., CursorWrapper],
        sql: str,
        params: object,
        many: bool,
        context: Mapping[str, Any],
    ) -> CursorWrapper:
        if statement in sql:
            return execute("SELECT pg_terminate_backend(pg_backend_pid())", None, False, context)
        return execute(sql, params, many, context)

    return wrapper


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "statement",
    ["INSERT INTO webhooks_event", "INSERT INTO operations_counter", "UPDATE webhooks_delivery d"],
)
def test_reader_that_dies_in_the_middle_leaves_everything(statement: str) -> None:
    for body in LEADS:
        stored(LEAD, body)
    with pytest.raises(OperationalError), connection.execute_wrapper(_dies_at(statement)):
        reading.read_some()
    connection.close()
    assert (_states(), Event.objects.count(), verdicts()) == ([STORED] * 3, 0, {})
    read_all()
    assert (_states(), Event.objects.count()) == ([READ] * 3, 3)
    assert verdicts() == {"request": 3}


@pytest.mark.django_db(transaction=True)
def test_write_that_is_confirmed_while_its_echo_is_judged_is_no_edit() -> None:
    seller_of(1, confirmed=CREATED - 100)
    write = own_writes.begin(companies=[1])
    stored(REFRESH, bodies.company(1, last_modified=CREATED))

    def confirm() -> None:
        SellerSync.objects.update(crm_updated_at=CREATED)
        own_writes.forget(writes=[write])

    def between(
        execute: Callable[..., CursorWrapper],
        sql: str,
        params: object,
        many: bool,
        context: Mapping[str, Any],
    ) -> CursorWrapper:
        done = execute(sql, params, many, context)
        if sql in (own_writes.LAST, own_writes.NOTED) and waiting:
            at_once(waiting.pop(), threads=1)
        return done

    waiting = [confirm]
    with connection.execute_wrapper(between):
        reading.read_some()
    make_due()
    read_all()
    assert not waiting
    assert not Event.objects.exists()
