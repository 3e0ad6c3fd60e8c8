"""Claiming and closing portions."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from operations import portions, runs, selectors
from operations.models import Portion, Run, Switch
from operations.portions import MOST_ATTEMPTS, Closing, Tally, Turn

pytestmark = pytest.mark.django_db


@pytest.fixture
def run() -> Run:
    made = Run.objects.create(kind="companies", trigger=Run.Trigger.COMMAND, rows=1_500)
    runs.plan(run=made, bounds=[(0, 500), (500, 1_000), (1_000, 1_500)])
    return made


def _advance(
    run: Run, holder: uuid.UUID, *, closed: tuple[Closing, ...] = (), most: int = 2
) -> Turn:
    return portions.advance(
        run_id=run.pk, holder=holder, closed=closed, held=[], most=most, lease=60, most_unsettled=3
    )


def _expire(run: Run) -> None:
    Portion.objects.filter(run=run, state="claimed").update(
        lease_until=timezone.now() - timedelta(seconds=1)
    )


def test_portions_are_claimed_in_order_and_once(run: Run) -> None:
    first, second = _advance(run, uuid.uuid4()), _advance(run, uuid.uuid4())
    assert [(claim.start, claim.stop) for claim in first.claims] == [(0, 500), (500, 1_000)]
    assert [(claim.start, claim.stop) for claim in second.claims] == [(1_000, 1_500)]
    assert not _advance(run, uuid.uuid4()).claims


def test_closing_and_claiming_the_next_are_one_statement(
    run: Run, django_assert_num_queries: pytest.FixtureRequest
) -> None:
    holder = uuid.uuid4()
    claim = _advance(run, holder, most=1).claims[0]
    done = Closing(claim.portion_id, Portion.State.DONE, Tally(queried=500, created=500))
    with django_assert_num_queries(1):  # type: ignore[operator] # the fixture's type is private
        turn = _advance(run, holder, closed=(done,), most=1)
    assert turn.claims[0].start == 500
    assert selectors.progress(run=run)["created"] == 500


def test_expired_lease_is_claimed_again_and_its_old_holder_closes_nothing(run: Run) -> None:
    dead, alive = uuid.uuid4(), uuid.uuid4()
    claim = _advance(run, dead, most=1).claims[0]
    _expire(run)
    assert _advance(run, alive, most=1).claims[0].portion_id == claim.portion_id
    done = Closing(claim.portion_id, Portion.State.DONE, Tally(queried=500))
    _advance(run, dead, closed=(done,), most=0)
    assert Portion.objects.get(pk=claim.portion_id).holder == alive


def test_portion_that_waits_keeps_its_counts_and_is_not_claimed_before_its_time(run: Run) -> None:
    holder = uuid.uuid4()
    claim = _advance(run, holder, most=1).claims[0]
    waits = Closing(claim.portion_id, Portion.State.OPEN, Tally(created=7), reason="ждёт", wait=60)
    turn = _advance(run, holder, closed=(waits,), most=3)
    assert claim.portion_id not in {other.portion_id for other in turn.claims}
    Portion.objects.filter(pk=claim.portion_id).update(not_before=timezone.now())
    again = _advance(run, uuid.uuid4(), most=3).claims
    assert [(other.portion_id, other.tally.created) for other in again] == [(claim.portion_id, 7)]


def test_portion_that_kills_its_workers_is_parked(run: Run) -> None:
    for _ in range(MOST_ATTEMPTS):
        assert _advance(run, uuid.uuid4(), most=3).claims
        _expire(run)
    assert not _advance(run, uuid.uuid4(), most=3).claims
    assert set(Portion.objects.values_list("state", flat=True)) == {Portion.State.PARKED}


def test_portion_that_is_never_settled_is_parked(run: Run) -> None:
    holder = uuid.uuid4()
    portion = _advance(run, holder, most=1).claims[0].portion_id
    for _ in range(4):
        waits = Closing(portion, Portion.State.OPEN, Tally(), reason="неизвестно", unsettled=True)
        Portion.objects.filter(pk=portion).update(state="claimed", holder=holder)
        _advance(run, holder, closed=(waits,), most=0)
    assert Portion.objects.get(pk=portion).state == Portion.State.PARKED


@pytest.mark.parametrize("state", [Run.State.STOPPED, Run.State.FAILED])
def test_ended_run_gives_no_portions(run: Run, state: Run.State) -> None:
    Run.objects.filter(pk=run.pk).update(state=state)
    assert _advance(run, uuid.uuid4()) == Turn(writing=False, claims=[])


def test_paused_push_gives_no_portions(run: Run) -> None:
    Switch.objects.create(key=Switch.Key.PUSH_PAUSED, on=True, reason="работы")
    assert _advance(run, uuid.uuid4()) == Turn(writing=False, claims=[])


def test_claim_whose_answer_was_lost_is_claimed_once_more_by_the_same_holder(run: Run) -> None:
    holder = uuid.uuid4()
    lost = _advance(run, holder)
    assert _advance(run, uuid.uuid4(), most=1).claims[0].start == 1_000
    assert _advance(run, holder) == lost


def test_what_a_pump_holds_is_not_claimed_by_it_again(run: Run) -> None:
    holder = uuid.uuid4()
    held = [claim.portion_id for claim in _advance(run, holder).claims]
    again = portions.advance(
        run_id=run.pk, holder=holder, closed=(), held=held, most=2, lease=60, most_unsettled=3
    )
    assert [claim.start for claim in again.claims] == [1_000]
