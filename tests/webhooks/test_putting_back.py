"""Events that come back into the queue: put back, put together with what waits, handled again."""

import uuid

import pytest

from tests.crossing import behind
from tests.webhooks.rows import event
from webhooks import dispatching
from webhooks.models import Door, Event

REFRESH = Door.COMPANY_REFRESH
DONE, DEAD, WAITING, WORKING = (
    Event.State.DONE,
    Event.State.DEAD,
    Event.State.WAITING,
    Event.State.WORKING,
)


def _claim(one: Event) -> tuple[Event, uuid.UUID]:
    claimed = dispatching.claim(event_id=one.pk)
    assert claimed is not None
    return claimed


def _put_back(one: Event, holder: uuid.UUID) -> None:
    dispatching.put_back(event=one, holder=holder, reason="позже", error="E")


def _state(one: Event) -> str:
    one.refresh_from_db()
    return one.state


# Put together with what waits


@pytest.mark.django_db
def test_event_that_is_put_back_gives_way_to_a_newer_one_of_its_company() -> None:
    one = event(1, door=REFRESH)
    claimed = _claim(one)
    newer = event(1, door=REFRESH)
    _put_back(*claimed)
    assert _state(one) == DONE
    assert dispatching.claim(event_id=newer.pk) is not None


@pytest.mark.django_db
def test_event_of_a_lead_gives_way_to_nobody() -> None:
    one = event(1)
    claimed = _claim(one)
    event(1)
    event(2, door=REFRESH)
    _put_back(*claimed)
    assert _state(one) == WAITING


@pytest.mark.django_db
def test_button_that_gives_way_to_an_edit_is_not_forgotten() -> None:
    one = event(1, door=REFRESH, by_button=True)
    claimed = _claim(one)
    newer = event(1, door=REFRESH)
    _put_back(*claimed)
    newer.refresh_from_db()
    assert newer.by_button


@pytest.mark.django_db(transaction=True)
def test_event_is_put_back_while_a_newer_one_is_written_down() -> None:
    one = event(1, door=REFRESH)
    claimed = _claim(one)
    result = behind(lambda: event(1, door=REFRESH), [lambda: _put_back(*claimed)])
    assert result == [None]
    assert _state(one) in (DONE, WAITING)


@pytest.mark.django_db
def test_event_is_put_back_beside_an_older_one_that_is_replayed() -> None:
    old, new = event(1, door=REFRESH, state=DEAD), event(1, door=REFRESH)
    claimed = _claim(new)
    dispatching.revive(event_ids=[old.pk])
    _put_back(*claimed)
    assert Event.objects.filter(state=WAITING).count() == 1


# Handled again


@pytest.mark.django_db
def test_revived_event_begins_anew() -> None:
    one = event(state=DEAD, attempts=8, error="TransientError", not_before="2100-01-01T00:00Z")
    assert dispatching.revive(event_ids=[one.pk]) == 1
    claimed, _ = _claim(one)
    assert (claimed.attempts, claimed.error) == (1, "")


@pytest.mark.django_db
def test_only_finished_events_are_revived_and_none_beside_one_that_waits() -> None:
    waiting = event(1, door=REFRESH)
    working = event(2)
    _claim(working)
    beside = event(1, door=REFRESH, state=DEAD)
    lead = event(2, state=DEAD)
    ids = [waiting.pk, working.pk, beside.pk, lead.pk]
    assert dispatching.revive(event_ids=ids) == 1
    assert (_state(working), _state(beside), _state(lead)) == (WORKING, DEAD, WAITING)


@pytest.mark.django_db
def test_two_dead_events_of_one_company_are_revived_as_one() -> None:
    dead = [event(1, door=REFRESH, state=DEAD) for _ in range(2)]
    assert dispatching.revive(event_ids=[one.pk for one in dead]) == 1
    assert Event.objects.filter(state=WAITING).count() == 1


@pytest.mark.django_db
def test_replayed_event_waits_for_the_newer_one_in_hand() -> None:
    old, new = event(1, state=DEAD), event(1)
    _claim(new)
    assert dispatching.revive(event_ids=[old.pk]) == 1
    assert dispatching.claim(event_id=old.pk) is None
