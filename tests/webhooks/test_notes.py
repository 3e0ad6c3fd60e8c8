"""Notes on cards: at most one per event, whatever is lost, dies or is forbidden."""

import signal
from pathlib import Path

import pytest
from pytest_django import DjangoCaptureOnCommitCallbacks

from clients.amocrm.entities import Entity
from crm.connection import pace
from operations import failpoints
from operations.models import Option
from tests.crm.emulated import forget_pace
from tests.crm.threads import at_once
from tests.processes import python
from tests.webhooks.office import Office
from tests.webhooks.other_process import environment
from tests.webhooks.rows import event
from webhooks import noting
from webhooks.models import Door, Event, Note
from webhooks.noting import MOST_ATTEMPTS, MOST_RUNG

LEADS = Entity.LEADS
REFRESH = Door.COMPANY_REFRESH
PLANNED, SENT, DONE, GIVEN_UP = (
    Note.State.PLANNED,
    Note.State.SENT,
    Note.State.DONE,
    Note.State.GIVEN_UP,
)
TEXT = "Профиль передан на перенос: https://www.avito.ru/?a=1&b=2"
LEAVE = """
import sys, django
django.setup()
from webhooks import noting
noting.leave(note_id=int(sys.argv[1]))
"""
PASSED_ON = ("AMOCRM_URL", "AMOCRM_ACCESS_TOKEN", "AMOCRM_RATE", "AMOCRM_CALL_DEADLINE")


def _planned(lead: int, text: str = TEXT) -> Note:
    """A note that an event of this lead has asked for."""
    one = event(lead)
    noting.plan(event=one, text=text)
    return Note.objects.get(event=one)


def _leave(note: Note) -> Note:
    """One try, as soon as it may be: who held the note is gone, and its time has come."""
    Note.objects.update(not_before="2000-01-01T00:00Z", lease_until="2000-01-01T00:00Z")
    noting.leave(note_id=note.pk)
    note.refresh_from_db()
    return note


def _asked(office: Office, method: str = "POST") -> int:
    """How often amoCRM was asked to add a note (or to show those of a card)."""
    requests: dict[str, int] = office.amocrm.get("audit")["requests"]
    return sum(
        times
        for name, times in requests.items()
        if name.startswith(method) and name.endswith("/notes")
    )


def test_note_is_left_once(office: Office) -> None:
    lead = office.lead()
    note = _planned(lead)
    for _ in range(3):
        assert _leave(note).state == DONE
    assert office.notes(LEADS, lead) == [f"{TEXT} (событие {note.event_id})"]
    assert note.note_id is not None
    assert (_asked(office), note.attempts) == (1, 1)


def test_event_that_is_handled_again_says_what_it_has_said(office: Office) -> None:
    lead = office.lead()
    note = _planned(lead)
    _leave(note)
    noting.plan(event=note.event, text="Другие слова")
    assert Note.objects.get().text == note.text


def test_two_events_are_two_notes_with_the_same_words(office: Office) -> None:
    lead = office.lead()
    for note in (_planned(lead), _planned(lead)):
        _leave(note)
    assert len(office.notes(LEADS, lead)) == 2


@pytest.mark.parametrize(
    "losses",
    [
        ["reset_after_commit"],
        ["reset_before_commit"],
        ["reset_before_commit", "reset_before_commit", "reset_after_commit"],
        ["status_after_commit"],
        ["html_200"],
    ],
)
def test_answers_that_are_lost_make_one_note(office: Office, losses: list[str]) -> None:
    lead = office.lead()
    note = _planned(lead)
    for loss in losses:
        office.amocrm.fault(loss, method="POST", path=f"/api/v4/leads/{lead}/notes")
        assert _leave(note).state == SENT, loss
        assert note.holder is None
    assert _leave(note).state == DONE
    assert len(office.notes(LEADS, lead)) == 1
    assert note.note_id is not None


def test_lost_answer_is_settled_before_anything_is_sent_again(office: Office) -> None:
    lead = office.lead()
    note = _planned(lead)
    office.amocrm.fault("reset_after_commit", method="POST", path=f"/api/v4/leads/{lead}/notes")
    noting.leave(note_id=note.pk)
    noting.leave(note_id=note.pk)  # its time has not come: amoCRM may still be at it
    note.refresh_from_db()
    assert (note.state, _asked(office)) == (SENT, 1)
    office.amocrm.fault("status_before_commit", method="GET", path=f"/api/v4/leads/{lead}/notes")
    assert _leave(note).state == SENT, "nobody could look, so nothing is sent"
    assert _asked(office) == 1
    assert _leave(note).state == DONE
    assert _asked(office) == 1


@pytest.mark.parametrize(("point", "notes"), [("note.marked", 0), ("note.sent", 1)])
def test_process_that_is_killed_leaves_one_note(
    office: Office, tmp_path: Path, point: str, notes: int
) -> None:
    lead = office.lead()
    note = _planned(lead)
    (tmp_path / point).touch()
    environ = environment(*PASSED_ON) | {failpoints.VARIABLE: str(tmp_path)}
    killed = python("-c", LEAVE, str(note.pk), **environ)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert len(office.notes(LEADS, lead)) == notes
    noting.leave(note_id=note.pk)  # the lease of the dead still holds
    note.refresh_from_db()
    assert (note.state, note.attempts) == (SENT, 1)
    assert _leave(note).state == DONE
    assert len(office.notes(LEADS, lead)) == 1


def test_many_at_once_leave_one_note(office: Office) -> None:
    lead = office.lead()
    note = _planned(lead)
    at_once(lambda: noting.leave(note_id=note.pk), threads=4)
    note.refresh_from_db()
    assert (note.state, note.attempts, _asked(office)) == (DONE, 1, 1)


def test_twin_that_looks_at_no_holder_is_claimed_by_all(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    guard = "AND (holder IS NULL OR lease_until < clock_timestamp())"
    assert guard in noting.CLAIM
    monkeypatch.setattr(noting, "CLAIM", noting.CLAIM.replace(guard, ""))
    note = _planned(office.lead())
    at_once(lambda: noting.leave(note_id=note.pk), threads=4)
    note.refresh_from_db()
    assert note.attempts > 1


def test_notes_that_are_off_are_not_even_planned(office: Office) -> None:
    office.set(Option.Key.NOTES, "off")
    noting.plan(event=event(office.lead()), text=TEXT)
    assert not Note.objects.exists()


def test_notes_that_are_switched_off_are_left_no_more(office: Office) -> None:
    lead = office.lead()
    note = _planned(lead)
    office.set(Option.Key.NOTES, "off")
    _leave(note)
    assert office.notes(LEADS, lead) == []


def test_card_of_a_kind_without_notes_gets_none(office: Office) -> None:
    noting.plan(event=event(1, entity="customer"), text=TEXT)
    assert not Note.objects.exists()


def test_note_is_given_up_after_eight_failures(office: Office) -> None:
    lead = office.lead()
    note = _planned(lead)
    office.amocrm.fault(
        "validation", method="POST", path=f"/api/v4/leads/{lead}/notes", times=MOST_ATTEMPTS
    )
    for attempt in range(1, MOST_ATTEMPTS + 1):
        _leave(note)
        assert note.attempts == attempt
        assert (note.state == GIVEN_UP) == (attempt == MOST_ATTEMPTS)
    assert _leave(note).attempts == MOST_ATTEMPTS
    assert office.notes(LEADS, lead) == []


def test_flood_block_costs_no_attempt(office: Office) -> None:
    lead = office.lead()
    note = _planned(lead)
    office.amocrm.fault(
        "status_before_commit", method="POST", path=f"/api/v4/leads/{lead}/notes", status=403
    )
    for _ in range(MOST_ATTEMPTS + 2):  # the first is told by amoCRM, the others by our limiter
        assert _leave(note).state != GIVEN_UP
        assert note.attempts == 0
    assert (note.not_before - note.planned_at).total_seconds() > 20
    forget_pace()
    pace().open(after_seconds=0)
    assert _leave(note).state == DONE
    assert len(office.notes(LEADS, lead)) == 1


def test_note_that_was_refused_is_not_taken_for_sent(office: Office) -> None:
    lead = office.lead()
    note = _planned(lead)
    path = f"/api/v4/leads/{lead}/notes"
    office.amocrm.fault("status_before_commit", method="POST", path=path, status=429, times=2)
    assert [_leave(note).state, _leave(note).state] == [PLANNED, PLANNED]
    assert _asked(office, "GET") == 0


def test_rate_limit_costs_no_attempt(office: Office) -> None:
    lead = office.lead()
    note = _planned(lead)
    office.amocrm.fault(
        "status_before_commit", method="POST", path=f"/api/v4/leads/{lead}/notes", status=429
    )
    assert (_leave(note).state, note.attempts) == (PLANNED, 0)


def _refusal(company: int, *, by_button: bool = False) -> int:
    """A company is edited and refused. How many notes are planned by now."""
    one = event(company, door=REFRESH, by_button=by_button, state=Event.State.REFUSED)
    noting.plan(event=one, text="Компания не обновлена: в ней не заполнено поле «ID продавца»")
    return Note.objects.count()


@pytest.mark.django_db
def test_same_sentence_is_not_said_again_within_the_hour_unless_somebody_asks() -> None:
    assert [_refusal(1), _refusal(1), _refusal(2)] == [1, 1, 2]
    assert _refusal(1, by_button=True) == 3
    other = event(1, door=REFRESH, state=Event.State.REFUSED)
    noting.plan(event=other, text="Компания не обновлена: другое")
    assert Note.objects.count() == 4
    Note.objects.update(planned_at="2000-01-01T00:00Z")
    assert _refusal(1) == 5


@pytest.mark.django_db
def test_text_is_bounded_and_can_be_stored() -> None:
    noting.plan(event=event(1), text="а\x00" + "б" * 5_000)
    text = Note.objects.get().text
    assert text.startswith("аб")
    assert len(text) < 2_100


@pytest.mark.django_db
def test_notes_that_nobody_left_are_rung(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    for number in range(1, MOST_RUNG + 6):
        _planned(number)
    Note.objects.filter(entity_id=1).update(state=DONE)
    Note.objects.filter(entity_id=2).update(state=GIVEN_UP)
    Note.objects.filter(entity_id=3).update(not_before="2100-01-01T00:00Z")
    with django_capture_on_commit_callbacks() as sent:
        assert noting.ring_due() == MOST_RUNG
    assert len(sent) == MOST_RUNG
