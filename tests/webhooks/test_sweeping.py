"""Beat's work: bells that were not heard, bodies from Redis, what has grown old, and the alert."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from celery import current_app
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from clients.pacing import Lane, NoSlotError
from companies import own_writes
from companies.models import OwnWrite
from crm.pacing import pace
from operations import leases
from operations.models import Alert
from tests.webhooks.away import redis_away
from tests.webhooks.rows import event, stored
from webhooks import inbox, spool, sweeping
from webhooks.models import Delivery, Door, Event, Note, Transfer
from webhooks.sweeping import (
    KEPT_DAYS,
    LAG_SECONDS,
    SLOW_AFTER_SECONDS,
    SLOW_SECONDS,
    SPOOL_LEASE,
)

LEAD, REFRESH = Door.LEAD_STATUS, Door.COMPANY_REFRESH
READ, STORED, INVALID = Delivery.State.READ, Delivery.State.STORED, Delivery.State.INVALID
DONE, DEAD, WAITING = Event.State.DONE, Event.State.DEAD, Event.State.WAITING


@pytest.fixture(autouse=True)
def stores(db: None, settings: Settings) -> Iterator[None]:
    """A spool of the test's own, and a queue that nobody has rung."""
    settings.REDIS_URL = settings.REDIS_URL.partition("?")[0] + "?db=14"
    spool.clear()
    with current_app.connection_for_write() as broker:
        channel: Any = broker.default_channel  # kombu's types know only its abstract base
        channel.queue_purge("interactive")
    yield
    spool.clear()


@pytest.fixture
def sweep(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> Callable[[], list[str]]:
    """One sweep. Which tasks it has rung."""

    def swept() -> list[str]:
        with django_capture_on_commit_callbacks() as rings:
            sweeping.sweep()
        return [ring.args[0] for ring in rings]  # type: ignore[attr-defined] # a partial

    return swept


def _ago(**span: float) -> str:
    return (timezone.now() - timedelta(**span)).isoformat()


def _delivery(body: bytes, *, state: Delivery.State, days: float) -> Delivery:
    one = stored(LEAD, body)
    Delivery.objects.filter(pk=one.pk).update(state=state, received_at=_ago(days=days))
    return one


def _old_event(entity_id: int, *, days: float = KEPT_DAYS + 1, **values: Any) -> Event:
    return event(entity_id, received_at=_ago(days=days), **{"state": DONE, **values})


def _transfer(one: Event) -> Transfer:
    return Transfer.objects.create(
        lead_id=one.entity_id,
        ordinal=1,
        event=one,
        state=Transfer.State.ACCEPTED,
        idempotency_key=f"amonition-lead-{one.entity_id}-1",
        closed_at=timezone.now(),
    )


# What has grown old


def test_requests_go_after_fourteen_days_but_none_that_waits() -> None:
    kept = [
        _delivery(b"1", state=READ, days=KEPT_DAYS - 0.1),
        _delivery(b"2", state=INVALID, days=KEPT_DAYS - 0.1),
        _delivery(b"3", state=STORED, days=KEPT_DAYS + 100),
    ]
    _delivery(b"4", state=READ, days=KEPT_DAYS + 0.1)
    _delivery(b"5", state=INVALID, days=KEPT_DAYS + 0.1)
    sweeping.age_out()
    assert set(Delivery.objects.all()) == set(kept)


def test_events_and_their_notes_go_and_transfers_stay() -> None:
    old, young = _old_event(1), _old_event(2, days=KEPT_DAYS - 0.1)
    for one in (old, young):
        Note.objects.create(event=one, entity="lead", entity_id=one.entity_id, text="т")
        _transfer(one)
    sweeping.age_out()
    assert list(Event.objects.all()) == [young]
    assert [note.event for note in Note.objects.all()] == [young]
    transfers = Transfer.objects.order_by("lead_id")
    assert [transfer.event_id for transfer in transfers] == [None, young.pk]


@pytest.mark.parametrize("state", [WAITING, Event.State.WORKING])
def test_event_that_is_not_finished_stays_with_its_request(state: Event.State) -> None:
    request = _delivery(b"1", state=READ, days=KEPT_DAYS + 1)
    one = _old_event(1, state=state, delivery=request)
    sweeping.age_out()
    assert Event.objects.get() == one
    assert Delivery.objects.get() == request
    Event.objects.update(state=DEAD)
    sweeping.age_out()
    assert (Event.objects.count(), Delivery.objects.count()) == (0, 0)


def test_event_that_is_not_finished_keeps_its_transfer() -> None:
    transfer = _transfer(_old_event(1, state=WAITING))
    sweeping.age_out()
    transfer.refresh_from_db()
    assert transfer.event_id is not None


def test_more_than_a_statement_takes_goes_in_several(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "MOST_AGED", 2)
    for number in range(5):
        one = _old_event(number)
        Note.objects.create(event=one, entity="lead", entity_id=number, text="т")
        _delivery(b"%d" % number, state=READ, days=KEPT_DAYS + 1)
    sweeping.age_out()
    counts = (Event.objects.count(), Note.objects.count(), Delivery.objects.count())
    assert counts == (0, 0, 0)


def test_one_sweep_takes_so_much_and_the_next_one_the_rest(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sweeping, "MOST_AGED", 2)
    monkeypatch.setattr(sweeping, "MOST_STATEMENTS", 2)
    for number in range(5):
        _delivery(b"%d" % number, state=READ, days=KEPT_DAYS + 1)
    sweeping.age_out()
    assert Delivery.objects.count() == 1
    assert "webhooks.much_to_age_out" in caplog.messages
    sweeping.age_out()
    assert not Delivery.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_transfer_among_many_old_events_is_no_obstacle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "MOST_AGED", 2)
    for number in range(4):
        _old_event(number)
    transfer = _transfer(_old_event(4))
    sweeping.age_out()
    transfer.refresh_from_db()
    assert (transfer.event_id, Event.objects.count()) == (None, 0)


def test_what_we_wrote_an_hour_ago_is_forgotten() -> None:
    old, young = own_writes.begin(companies=[1]), own_writes.begin(companies=[2])
    OwnWrite.objects.filter(pk=old).update(started_at=_ago(minutes=61))
    sweeping.age_out()
    assert [write.pk for write in OwnWrite.objects.all()] == [young]


# The alert


def test_alert_is_raised_while_the_inbox_lags_and_is_over_after_it() -> None:
    one = stored(LEAD, b"1")
    Delivery.objects.update(due_at=_ago(seconds=LAG_SECONDS - 20))
    sweeping.sweep()
    assert not Alert.objects.exists()
    Delivery.objects.update(due_at=_ago(seconds=LAG_SECONDS + 20))
    for _ in range(3):
        sweeping.sweep()
    alert = Alert.objects.get()
    assert (alert.kind, alert.recovered_at) == (Alert.Kind.INBOX_LAGS, None)
    assert f"ждут разбора уже {LAG_SECONDS + 20} с" in alert.text
    one.delete()
    for _ in range(2):
        sweeping.sweep()
    alert.refresh_from_db()
    assert alert.recovered_at is not None
    assert Alert.objects.count() == 1


def test_lag_is_that_of_the_request_that_is_due_for_longest(settings: Settings) -> None:
    assert sweeping.inbox_lag() is None
    settings.WEBHOOK_ECHO_WAIT = 60
    stored(REFRESH, b"waits for its echo")
    assert sweeping.inbox_lag() is None
    _delivery(b"read", state=READ, days=1)
    stored(LEAD, b"young")
    old = stored(LEAD, b"old")
    Delivery.objects.filter(pk=old.pk).update(due_at=_ago(seconds=100))
    assert sweeping.inbox_lag() == pytest.approx(100, abs=5)


@pytest.mark.parametrize("minutes", [5, -5])
def test_lag_is_measured_by_the_database_not_by_a_worker(minutes: int) -> None:
    old = stored(LEAD, b"old")
    Delivery.objects.filter(pk=old.pk).update(due_at=_ago(seconds=100))
    with time_machine.travel(timezone.now() + timedelta(minutes=minutes)):
        assert sweeping.inbox_lag() == pytest.approx(100, abs=5)


# The push slows down


@pytest.fixture
def push(settings: Settings) -> Callable[[], float]:
    """An account that only its limiter hears of. For how many seconds its bulk is slowed down."""
    settings.AMOCRM_URL = f"https://{uuid4().hex}.example"
    settings.AMOCRM_ACCESS_TOKEN = "token"
    return lambda: pace().state().bulk_slowed_seconds


def test_push_is_slowed_while_requests_wait_and_for_a_while_after(
    push: Callable[[], float],
) -> None:
    one = stored(LEAD, b"1")
    Delivery.objects.update(due_at=_ago(seconds=SLOW_AFTER_SECONDS - 5))
    sweeping.sweep()
    assert push() == 0
    Delivery.objects.update(due_at=_ago(seconds=SLOW_AFTER_SECONDS + 1))
    sweeping.sweep()
    assert push() == pytest.approx(SLOW_SECONDS, abs=2)
    pace().slow_bulk(seconds=SLOW_SECONDS - 5)  # as it will be one sweep later
    sweeping.sweep()
    assert push() == pytest.approx(SLOW_SECONDS, abs=2)
    pace().slow_bulk(seconds=SLOW_SECONDS - 5)
    one.delete()
    sweeping.sweep()
    assert push() <= SLOW_SECONDS - 5


def test_push_is_slowed_while_events_could_be_handled_and_are_not(
    push: Callable[[], float],
) -> None:
    one = event(1, not_before=_ago(seconds=-60))
    sweeping.sweep()
    assert push() == 0
    Event.objects.filter(pk=one.pk).update(not_before=_ago(seconds=SLOW_AFTER_SECONDS + 1))
    sweeping.sweep()
    assert push() == pytest.approx(SLOW_SECONDS, abs=2)


def test_write_of_a_slowed_push_waits_and_one_of_a_person_does_not(
    push: Callable[[], float],
) -> None:
    stored(LEAD, b"1")
    Delivery.objects.update(due_at=_ago(minutes=1))
    pace().open(after_seconds=0)
    sweeping.sweep()
    for _ in range(2):
        pace().reserve(Lane.BULK, patience=5)
    with pytest.raises(NoSlotError) as refusal:
        pace().reserve(Lane.BULK, patience=0)
    assert refusal.value.retry_after > 0.5  # at full speed it is a seventh of a second
    pace().reserve(Lane.INTERACTIVE, patience=0)


def test_without_an_account_there_is_no_push_to_slow_down() -> None:
    stored(LEAD, b"1")
    Delivery.objects.update(due_at=_ago(minutes=1))
    sweeping.sweep()


# Bells that were not heard


def test_what_waits_is_rung(sweep: Callable[[], list[str]]) -> None:
    assert sweep() == []
    stored(LEAD, b"1")
    event(1)
    one = event(2, state=DONE)
    Note.objects.create(event=one, entity="lead", entity_id=2, text="т")
    assert sorted(sweep()) == ["webhooks.handle", "webhooks.leave_note", "webhooks.read"]


def test_reader_is_not_rung_while_its_queue_is_not_empty(sweep: Callable[[], list[str]]) -> None:
    stored(LEAD, b"1")
    assert sweep() == ["webhooks.read"]
    current_app.send_task("webhooks.read")
    assert sweep() == []


# Bodies from Redis


def _spool() -> None:
    request = inbox.Request(uuid4(), LEAD, b"1", {})
    assert spool.push(request.id, inbox.spool_entry(request))


def test_what_redis_has_kept_is_loaded_and_read(sweep: Callable[[], list[str]]) -> None:
    _spool()
    assert sweep() == ["webhooks.read"]
    assert (Delivery.objects.count(), spool.length()) == (1, 0)


def test_one_loads_at_a_time() -> None:
    _spool()
    assert leases.acquire(name=SPOOL_LEASE, holder=uuid4(), seconds=60)
    sweeping.sweep()
    assert (Delivery.objects.count(), spool.length()) == (0, 1)


def test_sweep_goes_on_where_redis_is_away(
    settings: Settings, tmp_path: Path, push: Callable[[], float]
) -> None:
    Delivery.objects.filter(pk=stored(LEAD, b"1").pk).update(due_at=_ago(hours=1))
    with redis_away(settings, tmp_path):
        sweeping.sweep()
    assert Alert.objects.get().kind == Alert.Kind.INBOX_LAGS
