"""A lead reaches the transfer status: one transfer per visit, and the manager is told."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from pytest_django import Settings

from clients.amocrm.entities import Entity
from operations.models import Option
from tests.webhooks import bodies
from tests.webhooks.office import ELSEWHERE, PROFILE, TRANSFER, Office
from webhooks.models import Door, Event, Transfer

STATUS = Door.LEAD_STATUS


def test_transfer_is_handed_over_once_and_noted(office: Office) -> None:
    lead = office.lead()
    for moment in (100, 100, 101):  # the same move told three times
        assert office.bring(STATUS, bodies.lead(lead, status=TRANSFER, last_modified=moment)) == 204
    office.work()
    transfer = office.transfer()
    assert (transfer.state, transfer.phone) == (Transfer.State.ACCEPTED, "+79123456789")
    assert office.snatcher.get("audit")["transfers"] == 1
    [note] = office.notes(Entity.LEADS, lead)
    assert PROFILE in note


def test_second_visit_is_a_second_transfer(office: Office) -> None:
    lead = office.lead()
    office.bring(STATUS, bodies.lead(lead, status=TRANSFER, last_modified=100))
    office.work()
    office.move(lead, ELSEWHERE)
    office.bring(STATUS, bodies.lead(lead, status=ELSEWHERE, last_modified=200))
    office.work()
    office.move(lead, TRANSFER)
    office.bring(STATUS, bodies.lead(lead, status=TRANSFER, last_modified=300))
    office.work()
    assert office.snatcher.get("audit")["transfers"] == 2
    assert [one.ordinal for one in Transfer.objects.order_by("ordinal")] == [1, 2]


def test_lead_that_has_left_meanwhile_is_not_transferred(office: Office) -> None:
    lead = office.lead(status=ELSEWHERE)
    office.bring(STATUS, bodies.lead(lead, status=TRANSFER, last_modified=100))
    office.work()
    assert office.event().state == Event.State.DONE
    assert not Transfer.objects.exists()


def test_sparse_body_is_filled_from_the_lead(office: Office) -> None:
    lead = office.lead()
    office.bring(STATUS, bodies.lead(lead, status=TRANSFER, old_status_id=ELSEWHERE[1]))
    office.work()
    assert office.transfer().profile_url == PROFILE


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"Ссылка на профиль": None}, "не заполнена ссылка"),
        ({"Телефон для выгрузки": None}, "не заполнен телефон"),
        ({"Ссылка на профиль": "https://example.com/me"}, "профили не переносятся"),
        ({"Телефон для выгрузки": "позвоните мне"}, "не похож на номер"),
    ],
)
def test_lead_that_lacks_something_is_refused_with_a_note(
    office: Office, fields: dict[str, str | None], problem: str
) -> None:
    lead = office.lead(fields)
    office.bring(STATUS, bodies.lead(lead, status=TRANSFER, last_modified=100))
    office.work()
    assert office.event().state == Event.State.REFUSED
    assert office.transfer().state == Transfer.State.REFUSED
    assert office.snatcher.get("audit")["transfers"] == 0
    [note] = office.notes(Entity.LEADS, lead)
    assert problem in note


@pytest.mark.parametrize("kind", ["reset_after_commit", "reset_before_commit"])
def test_lost_answer_is_looked_up_and_never_repeated_blindly(office: Office, kind: str) -> None:
    lead = office.lead()
    office.snatcher.post("faults", {"kind": kind, "method": "POST", "times": 1})
    office.bring(STATUS, bodies.lead(lead, status=TRANSFER, last_modified=100))
    office.work()
    assert office.transfer().state == Transfer.State.UNKNOWN
    Transfer.objects.update(sent_at="2000-01-01T00:00Z")
    office.hurry()
    office.work()
    assert office.transfer().state == Transfer.State.ACCEPTED
    audit = office.snatcher.get("audit")
    assert (audit["transfers"], audit["repeated"]) == (1, 0)


@pytest.mark.parametrize("wrong", [timedelta(minutes=5), timedelta(minutes=-5)])
def test_settle_time_is_the_same_for_a_worker_whose_clock_is_wrong(
    office: Office, settings: Settings, wrong: timedelta
) -> None:
    """Ahead it would wait minutes once its clock is right; behind it would not wait at all."""
    settings.WEBHOOK_SETTLE_TIME = 60
    lead = office.lead()
    fault = {"kind": "reset_after_commit", "method": "POST", "times": 1}
    office.snatcher.post("faults", fault)
    office.bring(STATUS, bodies.lead(lead, status=TRANSFER, last_modified=100))
    with time_machine.travel(datetime.now(UTC) + wrong):
        office.work()
    sent_at = office.transfer().sent_at
    assert sent_at is not None
    assert abs(datetime.now(UTC) - sent_at) < timedelta(minutes=1)


def test_refusal_of_the_service_is_told_in_its_words(office: Office) -> None:
    lead = office.lead()
    fault = {"kind": "validation", "method": "POST", "times": 1}
    office.snatcher.post("faults", fault)
    office.bring(STATUS, bodies.lead(lead, status=TRANSFER, last_modified=100))
    office.work()
    assert office.transfer().state == Transfer.State.REFUSED
    [note] = office.notes(Entity.LEADS, lead)
    assert "refused items" in note


def test_mode_off_starts_nothing_and_record_only_writes_down(office: Office) -> None:
    office.set(Option.Key.TRANSFER_MODE, "off")
    first = office.lead()
    office.bring(STATUS, bodies.lead(first, status=TRANSFER, last_modified=100))
    office.work()
    assert not Transfer.objects.exists()
    office.set(Option.Key.TRANSFER_MODE, "record")
    second = office.lead()
    office.bring(STATUS, bodies.lead(second, status=TRANSFER, last_modified=100))
    office.work()
    assert office.transfer().state == Transfer.State.RECORDED
    assert office.snatcher.get("audit")["transfers"] == 0


def test_cap_of_the_hour_makes_others_wait(office: Office) -> None:
    office.set(Option.Key.TRANSFERS_PER_HOUR, "1")
    for lead in (office.lead(), office.lead()):
        office.bring(STATUS, bodies.lead(lead, status=TRANSFER, last_modified=100))
    office.work()
    assert office.snatcher.get("audit")["transfers"] == 1
    assert office.event(state=Event.State.WAITING).attempts == 0


def test_older_event_than_handled_is_stale(office: Office) -> None:
    lead = office.lead()
    office.bring(STATUS, bodies.lead(lead, status=TRANSFER, last_modified=200))
    office.work()
    office.bring(STATUS, bodies.lead(lead, status=ELSEWHERE, last_modified=100))
    office.work()
    assert office.transfer().closed_at is None
