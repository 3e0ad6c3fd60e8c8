"""Two pumps and one portion: one of them gets it."""

import uuid
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta

import pytest
from django.utils import timezone

from companies import updating
from companies.exports import Update
from companies.models import Company
from operations import portions, runs
from operations.models import Portion, Run
from operations.portions import ADVANCE
from sync import planning, pumping, snapshots
from tests.crm.threads import at_once
from tests.crossing import behind
from tests.races import variants, writers
from tests.races.variants import without
from tests.waiting import wait_until
from tests.world import World

NO_LOCK = without(ADVANCE, " FOR UPDATE OF p SKIP LOCKED")
PORTIONS = 3
SELLERS = 3_000  # six portions: a pump takes four at once

Claim = Callable[[Run], list[int]]


def _open(run: Run) -> None:
    """The portions as they were planned."""


def _left_by_a_dead_pump(run: Run) -> None:
    variants.advance(ADVANCE, run_id=run.pk, holder=uuid.uuid4(), most=PORTIONS)
    Portion.objects.update(lease_until=timezone.now() - timedelta(seconds=1))


def _run() -> Run:
    """Three portions of one seller each."""
    made = Run.objects.create(kind="companies", trigger=Run.Trigger.COMMAND, rows=PORTIONS)
    assert runs.plan(run=made, bounds=[(number, number + 1) for number in range(PORTIONS)])
    return made


def _claim(run: Run) -> list[int]:
    """What a pump does that wants two portions. Which it got."""
    turn = portions.advance(
        run_id=run.pk,
        holder=uuid.uuid4(),
        closed=(),
        held=(),
        most=2,
        lease=variants.LEASE,
        most_unsettled=1,
    )
    return [claim.portion_id for claim in turn.claims]


def _claim_without_the_lock(run: Run) -> list[int]:
    return variants.advance(NO_LOCK, run_id=run.pk, holder=uuid.uuid4(), most=2)


def _claim_at_once(claim: Claim, run: Run) -> tuple[list[int], list[int]]:
    """Two pumps, the second of them before the first one's claim is committed."""
    mine: list[int] = []
    [theirs] = behind(lambda: mine.extend(claim(run)), [lambda: claim(run)])
    assert isinstance(theirs, list)
    return mine, theirs


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("before", [_open, _left_by_a_dead_pump])
def test_pumps_that_claim_at_once_get_different_portions(before: Callable[[Run], None]) -> None:
    run = _run()
    before(run)
    mine, theirs = _claim_at_once(_claim, run)
    assert (len(mine), len(theirs)) == (2, 1)
    assert not set(mine) & set(theirs)


def _updates() -> list[Update]:
    """A seller for each portion, with a company and values that amoCRM does not have yet."""
    sellers = [f"s{number}" for number in range(PORTIONS)]
    for seller in sellers:
        writers.create(writers.export_of(seller))
    return [
        Update(
            writers.export_of(seller, name="Другое имя"),
            int(Company.objects.get(pk=seller).company_id),
            None,
        )
        for seller in sellers
    ]


def _write(portion_ids: list[int], updates: list[Update]) -> None:
    """What a pump does with its portions."""
    starts = Portion.objects.filter(pk__in=portion_ids).values_list("start", flat=True)
    with closing(writers.client()) as crm:
        updating.update(context=writers.context(crm), updates=[updates[each] for each in starts])


def test_seller_of_a_portion_is_written_once(world: World) -> None:
    world.prepare_fields()
    updates = _updates()
    for claimed in _claim_at_once(_claim, _run()):
        _write(claimed, updates)
    assert world.audit()["updated_items"] == PORTIONS


def test_without_the_lock_both_get_the_portions_and_write_their_sellers_twice(
    world: World,
) -> None:
    """The twin: creates would still be kept apart by their claims; updates are sent by both."""
    world.prepare_fields()
    updates = _updates()
    mine, theirs = _claim_at_once(_claim_without_the_lock, _run())
    assert mine == theirs
    for claimed in (mine, theirs):
        _write(claimed, updates)
    assert world.audit()["updated_items"] == 4
    assert Portion.objects.filter(state=Portion.State.OPEN).count() == 1  # and one by nobody


def test_two_pumps_share_a_run_and_count_each_seller_once(world: World) -> None:
    world.sellers(SELLERS)
    run = world.begin()
    wait_until(
        lambda: snapshots.take(run=Run.objects.get(pk=run.pk)), seconds=60, what="a snapshot"
    )
    planning.plan(run=Run.objects.get(pk=run.pk))
    at_once(lambda: pumping.pump(run_id=run.pk), threads=2)
    run = world.settle(run)
    audit = world.audit()
    assert (run.state, run.queried, run.created) == (Run.State.DONE, SELLERS, SELLERS)
    assert audit["created_items"] == audit["sellers"] == Company.objects.count() == SELLERS
