"""Handling again: which events, how many, in whose name; and the command for it."""

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from clients.amocrm.entities import Entity
from operations.models import AuditEntry
from tests.webhooks import bodies
from tests.webhooks.office import ELSEWHERE, SELLER, TRANSFER, Office
from tests.webhooks.rows import event, stored
from webhooks import replaying
from webhooks.management.commands import webhooks_replay
from webhooks.models import Delivery, Door, Event
from webhooks.replaying import Selection

LEAD, REFRESH, FEED = Door.LEAD_STATUS, Door.COMPANY_REFRESH, Door.COMPANY_FEED
DONE, REFUSED, DEAD, WAITING = (
    Event.State.DONE,
    Event.State.REFUSED,
    Event.State.DEAD,
    Event.State.WAITING,
)


@pytest.fixture
def finished(db: None) -> dict[str, Event]:
    """One event of each kind, by a name; `waiting` and `working` are not finished."""
    made = {
        "done": event(1, state=DONE),
        "refused": event(2, door=FEED, state=REFUSED),
        "dead": event(3, door=REFRESH, state=DEAD, error="TransientError"),
        "old": event(4, state=DEAD, error="NoRightsError"),
        "waiting": event(5),
        "working": event(6, state="working"),
    }
    for one in made.values():
        one.refresh_from_db()
    past = timezone.now() - timedelta(hours=5)
    Event.objects.filter(pk=made["old"].pk).update(received_at=past)
    return made


def _names(finished: dict[str, Event], **selection: Any) -> list[str]:
    found = set(replaying.select(Selection(**selection)))
    return [name for name, one in finished.items() if one in found]


def _waiting() -> int:
    return Event.objects.filter(state=WAITING).count()


def _command(*arguments: str) -> str:
    output = StringIO()
    call_command("webhooks_replay", *arguments, stdout=output)
    return output.getvalue().strip()


# Which


@pytest.mark.parametrize(
    ("selection", "names"),
    [
        ({}, ["done", "refused", "dead", "old"]),
        ({"state": DEAD}, ["dead", "old"]),
        ({"door": LEAD}, ["done", "old"]),
        ({"error": "TransientError"}, ["dead"]),
        ({"error": "Transient"}, []),
        ({"hours": 1}, ["done", "refused", "dead"]),
        ({"hours": 0.0}, []),
        ({"state": DEAD, "door": LEAD, "hours": 6}, ["old"]),
        ({"state": DONE, "error": "TransientError"}, []),
    ],
)
def test_what_is_selected_has_all_that_was_asked_for(
    finished: dict[str, Event], selection: dict[str, Any], names: list[str]
) -> None:
    assert _names(finished, **selection) == names


def test_numbers_select_finished_events_only(finished: dict[str, Event]) -> None:
    ids = [one.pk for one in finished.values()]
    assert _names(finished, ids=ids) == ["done", "refused", "dead", "old"]
    assert _names(finished, ids=ids, state=DEAD) == ["dead", "old"]
    assert _names(finished, ids=[0, -1, 2**70]) == []


def test_replaying_is_written_down_and_begins_anew(finished: dict[str, Event]) -> None:
    assert replaying.replay(events=replaying.select(Selection(state=DEAD)), who="anna") == 2
    entry = AuditEntry.objects.get()
    assert (entry.who, entry.action, entry.target) == ("anna", "webhooks_replay", "2")
    assert entry.details == {"ids": [finished["dead"].pk, finished["old"].pk]}
    assert _waiting() == 3
    assert Event.objects.filter(rung_at__isnull=False).count() == 3, "they are rung at once"


def test_no_more_than_so_many_are_replayed(
    finished: dict[str, Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replaying, "MOST_REPLAYED", 2)
    assert replaying.replay(events=replaying.select(Selection()), who="anna") == 2


# Nothing is done twice


def test_replayed_transfer_is_still_one(office: Office) -> None:
    lead = office.lead()
    office.bring(LEAD, bodies.lead(lead, status=TRANSFER, last_modified=100))
    office.work()
    for _ in range(2):
        assert replaying.replay(events=replaying.select(Selection(door=LEAD)), who="anna") == 1
        office.work()
    audit = office.snatcher.get("audit")
    assert (audit["transfers"], audit["repeated"]) == (1, 0)
    assert len(office.notes(Entity.LEADS, lead)) == 1


def test_body_that_comes_late_ends_no_visit(office: Office) -> None:
    lead = office.lead()
    entered, left = bodies.lead(lead, status=TRANSFER), bodies.lead(lead, status=ELSEWHERE)
    for body in (entered, left, entered):  # amoCRM keeps no order, and brings what it has brought
        office.bring(LEAD, body)
        office.work()
    assert office.snatcher.get("audit")["transfers"] == 1


def test_dead_refresh_is_made_good_for(office: Office) -> None:
    company = office.company(AMONITION_SELLER_ID=SELLER)
    office.offers.settings(away=True)
    office.bring(REFRESH, bodies.company(company))
    for _ in range(8):
        office.hurry()
        office.work()
    office.offers.settings(away=False)
    assert office.event().state == DEAD
    assert _command("--state", "dead", "--yes") == "Будет обработано заново: 1 из 1"
    office.work()
    assert office.event().state == DONE
    assert len(office.notes(Entity.COMPANIES, company)) == 1


# The command


def test_filter_is_an_estimate_first(finished: dict[str, Event]) -> None:
    assert _command("--state", "dead").startswith("Подходит событий: 2.")
    assert _command("--state", "dead", "--hours", "1").startswith("Подходит событий: 1.")
    assert (_waiting(), AuditEntry.objects.count()) == (1, 0)
    assert _command("--state", "dead", "--yes") == "Будет обработано заново: 2 из 2"
    assert _waiting() == 3
    assert AuditEntry.objects.get().who == "manage.py"


def test_numbers_need_no_estimate(finished: dict[str, Event]) -> None:
    said = _command(str(finished["done"].pk), str(finished["waiting"].pk))
    assert said == "Будет обработано заново: 1 из 1"
    assert _waiting() == 2


def test_programs_are_answered_in_json(finished: dict[str, Event]) -> None:
    assert json.loads(_command("--door", FEED, "--json")) == {"found": 1, "replayed": None}
    event(2, door=FEED)  # a newer one of the card waits: it does what the old one would
    answer = json.loads(_command("--door", FEED, "--json", "--yes"))
    assert answer == {"found": 1, "replayed": 0}
    assert json.loads(_command("0", "--json")) == {"found": 0, "replayed": 0}


@pytest.mark.parametrize(
    "arguments",
    [[], ["--yes"], ["--json"], ["--state", "waiting"], ["--door", "x"], ["--hours", "x"], ["x"]],
)
def test_command_that_names_nothing_changes_nothing(
    finished: dict[str, Event], arguments: list[str]
) -> None:
    with pytest.raises(CommandError):
        _command(*arguments)
    assert _waiting() == 1


@pytest.mark.parametrize("hours", ["nan", "inf", "1e9"])
def test_time_that_cannot_be_is_refused(finished: dict[str, Event], hours: str) -> None:
    with pytest.raises(CommandError):
        _command("--hours", hours)


def test_too_many_at_once_are_refused(
    finished: dict[str, Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks_replay, "MOST_REPLAYED", 1)
    with pytest.raises(CommandError, match="Событий 2, за раз не больше 1"):
        _command("--state", "dead", "--yes")
    assert _waiting() == 1


@pytest.mark.django_db
def test_company_that_died_twice_is_replayed_once() -> None:
    for _ in range(2):
        event(1, door=REFRESH, state=DEAD)
    assert _command("--state", "dead", "--yes") == "Будет обработано заново: 1 из 2"


# Requests


@pytest.mark.django_db
def test_stored_request_is_read_once_more() -> None:
    for number in range(2):
        stored(LEAD, b"n=%d" % number)
    Delivery.objects.update(state=Delivery.State.INVALID, reason="Чужой аккаунт")
    waits = stored(LEAD, b"n=2")
    assert replaying.reread(deliveries=Delivery.objects.all(), who="anna") == 2
    assert set(Delivery.objects.values_list("state", "reason")) == {(Delivery.State.STORED, "")}
    assert AuditEntry.objects.get().action == "webhooks_reread"
    assert replaying.reread(deliveries=Delivery.objects.filter(pk=waits.pk), who="anna") == 0


@pytest.mark.django_db
def test_requests_with_one_body_are_read_once_more() -> None:
    for _ in range(2):
        stored(LEAD, b"n=1")
        Delivery.objects.update(state=Delivery.State.INVALID)
    assert replaying.reread(deliveries=Delivery.objects.all(), who="anna") >= 1
