"""Events as a queue of rows: whose turn it is, for how long, how often, and how many are rung."""

import random
import threading
import uuid
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from tests.crm.threads import at_once
from tests.webhooks.rows import event, hurry
from webhooks import dispatching, handling
from webhooks.dispatching import MOST_ATTEMPTS, MOST_RUNG
from webhooks.models import Door, Event

REFRESH, LEAD = Door.COMPANY_REFRESH, Door.LEAD_STATUS
DONE, DEAD, WAITING, WORKING = (
    Event.State.DONE,
    Event.State.DEAD,
    Event.State.WAITING,
    Event.State.WORKING,
)
OLDER_UNFINISHED = """  AND NOT EXISTS (
      SELECT FROM webhooks_event b WHERE b.door = e.door AND b.entity_id = e.entity_id
      AND b.id <> e.id AND (b.id < e.id AND b.state IN ('waiting', 'working')
                            OR b.state = 'working' AND b.lease_until > clock_timestamp()))
"""
NOT_TAKEN = "AND (state = 'waiting' OR (state = 'working' AND lease_until < clock_timestamp()))"


def _claim(one: Event) -> tuple[Event, uuid.UUID]:
    claimed = dispatching.claim(event_id=one.pk)
    assert claimed is not None
    return claimed


def _close(one: Event, holder: uuid.UUID, *, state: Event.State = DONE) -> bool:
    return dispatching.close(event=one, holder=holder, state=state, reason="", subject="")


def _put_back(one: Event, holder: uuid.UUID, *, pause: float | None = None) -> None:
    dispatching.put_back(event=one, holder=holder, reason="позже", error="E", pause=pause)


def _state(one: Event) -> str:
    one.refresh_from_db()
    return one.state


# Whose turn it is


@pytest.mark.django_db
def test_events_of_a_card_are_handled_in_their_order() -> None:
    first, second, other = event(1), event(1), event(2)
    elsewhere = event(1, door=REFRESH)
    assert dispatching.claim(event_id=second.pk) is None, "the first one waits"
    holder = _claim(first)[1]
    assert dispatching.claim(event_id=second.pk) is None, "the first one is in hand"
    assert dispatching.claim(event_id=other.pk) is not None
    assert dispatching.claim(event_id=elsewhere.pk) is not None
    assert _close(first, holder)
    assert dispatching.claim(event_id=second.pk) is not None


@pytest.mark.django_db
@pytest.mark.parametrize("state", [DONE, Event.State.REFUSED, DEAD])
def test_finished_event_holds_nobody_up(state: Event.State) -> None:
    first, second = event(1), event(1)
    _close(first, _claim(first)[1], state=state)
    assert dispatching.claim(event_id=second.pk) is not None


@pytest.mark.django_db
def test_event_that_is_put_back_holds_the_next_one_of_its_card_up() -> None:
    first, second = event(1), event(1)
    _put_back(first, _claim(first)[1])
    assert dispatching.claim(event_id=second.pk) is None


@pytest.mark.django_db
@pytest.mark.parametrize("values", [{"not_before": "2100-01-01T00:00Z"}, {"state": DONE}])
def test_event_whose_time_has_not_come_or_is_over_is_nobodys(values: dict[str, Any]) -> None:
    assert dispatching.claim(event_id=event(**values).pk) is None
    assert dispatching.claim(event_id=0) is None


def _most_at_a_time(*, cards: int, per_card: int) -> int:
    """Four workers over some cards: how many have had one card in hand at the same time."""
    pending = {event(card).pk: card for _ in range(per_card) for card in range(cards)}
    guard, in_hand, most = threading.Lock(), Counter[int](), [0]
    order: dict[int, list[int]] = {card: [] for card in range(cards)}

    def work() -> None:
        chance = random.Random(1)  # noqa: S311 - no secret
        while ids := list(pending):
            claimed = dispatching.claim(event_id=chance.choice(ids))
            if claimed is None:
                continue
            one, holder = claimed
            with guard:
                in_hand[one.entity_id] += 1
                most[0] = max(most[0], in_hand[one.entity_id])
                order[one.entity_id].append(one.pk)
            Event.objects.filter(pk=one.pk).exists()  # some work
            with guard:
                in_hand[one.entity_id] -= 1
                pending.pop(one.pk, None)
            _close(one, holder)

    at_once(work, threads=4)
    assert all(len(handled) >= per_card for handled in order.values())
    if most[0] == 1:
        assert all(handled == sorted(handled) for handled in order.values())
    return most[0]


@pytest.mark.django_db(transaction=True)
def test_one_event_of_a_card_at_a_time_and_in_order_whoever_works() -> None:
    assert _most_at_a_time(cards=3, per_card=6) == 1


@pytest.mark.django_db
def test_twin_that_looks_at_no_older_event_takes_two_of_a_card(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    unguarded = dispatching.CLAIM.replace(OLDER_UNFINISHED, "")
    assert unguarded != dispatching.CLAIM
    monkeypatch.setattr(dispatching, "CLAIM", unguarded)
    first, second = event(1), event(1)
    assert dispatching.claim(event_id=second.pk) is not None
    assert dispatching.claim(event_id=first.pk) is not None


@pytest.mark.django_db(transaction=True)
def test_one_of_many_claims_an_event() -> None:
    one = event()
    claimed = at_once(lambda: dispatching.claim(event_id=one.pk), threads=6)
    assert len([each for each in claimed if each is not None]) == 1
    one.refresh_from_db()
    assert one.attempts == 1


@pytest.mark.django_db(transaction=True)
def test_twin_that_looks_at_no_state_gives_it_to_all(monkeypatch: pytest.MonkeyPatch) -> None:
    unguarded = dispatching.CLAIM.replace(NOT_TAKEN, "")
    assert unguarded != dispatching.CLAIM
    monkeypatch.setattr(dispatching, "CLAIM", unguarded)
    one = event()
    assert None not in at_once(lambda: dispatching.claim(event_id=one.pk), threads=6)


# For how long


@pytest.mark.django_db
def test_lease_that_is_over_gives_the_event_to_the_next_one(settings: Settings) -> None:
    settings.WEBHOOK_EVENT_LEASE = 60
    one = event()
    died = _claim(one)[1]
    one.refresh_from_db()
    assert one.lease_until is not None
    assert (one.lease_until - timezone.now()).total_seconds() == pytest.approx(60, abs=5)
    assert dispatching.claim(event_id=one.pk) is None
    hurry(one)
    again, holder = _claim(one)
    assert (again.attempts, again.holder) == (2, holder)
    assert not _close(one, died)
    _put_back(one, died)
    assert (_state(one), one.holder) == (WORKING, holder)
    assert _close(one, holder)


@pytest.mark.django_db
def test_event_that_kills_its_workers_dies_too() -> None:
    one = event()
    for _ in range(dispatching.MOST_CLAIMS):
        _claim(one)
        hurry(one)
    assert dispatching.claim(event_id=one.pk) is None
    assert _state(one) == DEAD


# How often


@given(attempts=st.integers(0, 40))
def test_pauses_grow_to_a_bound_and_are_scattered(attempts: int) -> None:
    full = min(2.0 * 2 ** max(attempts - 1, 0), 300.0)
    assert full / 2 <= dispatching.pause_after(attempts) <= full


def test_pauses_of_an_event_take_about_ten_minutes() -> None:
    pauses = [dispatching.pause_after(attempts) for attempts in range(1, MOST_ATTEMPTS)]
    assert 120 < sum(pauses) < 600
    assert len({dispatching.pause_after(5) for _ in range(20)}) > 1


@pytest.mark.django_db
def test_failure_costs_an_attempt_and_a_pause_that_grows() -> None:
    one = event()
    for attempt in range(1, 6):
        _put_back(*_claim(one))
        one.refresh_from_db()
        pause = (one.not_before - timezone.now()).total_seconds()
        assert 2 ** (attempt - 1) - 1 <= pause <= 2**attempt
        assert (one.attempts, one.state, one.error) == (attempt, WAITING, "E")
        assert dispatching.claim(event_id=one.pk) is None
        hurry(one)


@pytest.mark.django_db
def test_wait_that_somebody_told_costs_no_attempt() -> None:
    one = event()
    for _ in range(MOST_ATTEMPTS * 2):
        _put_back(*_claim(one), pause=60)
        one.refresh_from_db()
        assert one.attempts == 0
        assert (one.not_before - timezone.now()).total_seconds() == pytest.approx(60, abs=5)
        hurry(one)
    assert dispatching.claim(event_id=one.pk) is not None


@pytest.mark.django_db
def test_event_is_dead_after_eight_attempts(settings: Settings) -> None:
    settings.AMOCRM_URL = ""  # the handler's first step fails
    one, next_one = event(), event()
    for attempt in range(1, MOST_ATTEMPTS + 1):
        hurry(one)
        handling.handle(event_id=one.pk)
        handling.handle(event_id=next_one.pk)
        assert _state(one) == (WAITING if attempt < MOST_ATTEMPTS else DEAD)
    assert (one.attempts, one.error) == (8, "CrmNotConfiguredError")
    assert "AMOCRM_URL" in one.reason
    assert one.handled_at is not None
    assert dispatching.claim(event_id=one.pk) is None
    next_one.refresh_from_db()
    assert next_one.attempts == 1, "it had to wait until the other one was dead"


@pytest.mark.django_db
def test_event_that_nobody_foresaw_is_dead_at_once() -> None:
    one = event(entity="unknown")
    handling.handle(event_id=one.pk)
    assert (_state(one), one.error) == (DEAD, "KeyError")


# How many are rung


@pytest.fixture
def rings(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> Callable[[], int]:
    """Ring what is due. How many messages have left for it."""

    def ring() -> int:
        with django_capture_on_commit_callbacks() as sent:
            rung = dispatching.ring_due()
        assert len(sent) == rung
        return rung

    return ring


@pytest.mark.django_db
def test_so_many_are_rung_at_a_time_and_again_when_nobody_answers(rings: Callable[[], int]) -> None:
    for number in range(MOST_RUNG + 15):
        event(number)
    assert [rings(), rings()] == [MOST_RUNG, 0]
    for one in Event.objects.filter(rung_at__isnull=False)[:10]:
        _claim(one)
    assert rings() == 10, "what is in hand is in the broker no more"
    Event.objects.update(rung_at="2000-01-01T00:00Z")
    assert rings() == MOST_RUNG


@pytest.mark.django_db
def test_only_events_whose_turn_it_is_are_rung(rings: Callable[[], int]) -> None:
    working, expired = event(1), event(2)
    for one in (working, expired):
        _claim(one)
    hurry(expired)
    event(1)  # behind one that is in hand
    first = event(3)
    event(3)  # behind one that waits
    event(4, not_before="2100-01-01T00:00Z")
    event(5, state=DONE)
    event(6, state=DEAD)
    assert rings() == 2
    rung = Event.objects.filter(rung_at__isnull=False).order_by("pk")
    assert list(rung) == [expired, first]


@pytest.mark.django_db
def test_oldest_are_rung_first(rings: Callable[[], int]) -> None:
    late = event(0, not_before="2001-01-01T00:00Z")
    early = [event(number) for number in range(1, MOST_RUNG + 1)]
    assert rings() == MOST_RUNG
    late.refresh_from_db()
    assert late.rung_at is None
    assert Event.objects.filter(rung_at__isnull=False).count() == len(early)


@pytest.mark.django_db
def test_event_that_is_put_back_is_rung_without_waiting_for_the_lost_ring(
    rings: Callable[[], int],
) -> None:
    one = event()
    assert rings() == 1
    _put_back(*_claim(one))
    assert rings() == 0
    hurry(one)
    assert rings() == 1
