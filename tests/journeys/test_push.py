"""The push with real workers and a real broker: killed, doubled, and against a filled account."""

import time
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone
from pytest_django import Settings

from companies import attempts
from companies.models import Company, CompanyDuplicate, CreateAttempt
from companies.tasks import settle_attempts
from operations.models import Run, Switch
from operations.runs import Order
from sync import starting, watching
from tests.journeys.service import worker
from tests.waiting import wait_until
from tests.world import World

pytestmark = [pytest.mark.journey, pytest.mark.timeout(240)]

SELLERS = 4_000
CREATES = {"method": "POST", "path": "/api/v4/companies"}


TICKS: list[float] = []


def _tick() -> None:
    """What beat would ring."""
    TICKS.append(time.monotonic())
    attempts.expire_prepared()
    settle_attempts()
    watching.watch()


def _ended(run: Run) -> bool:
    _tick()
    run.refresh_from_db()
    return run.state not in Run.ACTIVE


def _judge(world: World, sellers: int) -> None:
    audit = world.audit()
    assert audit["companies"] == audit["sellers"] == Company.objects.count() == sellers
    assert audit["max_companies_per_seller"] == 1
    assert not CompanyDuplicate.objects.exists()


def test_killed_worker_and_lost_answers_cost_no_company(
    world: World, settings: Settings, tmp_path: Path
) -> None:
    settings.CREATE_SETTLE_TIME = 6
    settings.AMOCRM_RATE = 7
    world.sellers(SELLERS)
    world.prepare_fields()
    lost = {"share": 0.1, "times": 100}
    world.amocrm.post(
        "faults",
        [
            {**CREATES, "kind": "reset_after_commit", "seed": 1, **lost},
            {**CREATES, "kind": "reset_before_commit", "seed": 2, **lost},
        ],
    )
    with worker(queues="maintenance", log=tmp_path / "maintenance.log", processes=1):
        with worker(queues="bulk", log=tmp_path / "doomed.log") as doomed:
            run = world.begin()
            wait_until(
                lambda: world.audit()["created_items"] > SELLERS / 4,
                seconds=60,
                what="the middle of the first load",
            )
            doomed.kill()
        with worker(queues="bulk", log=tmp_path / "next.log"):
            wait_until(lambda: _ended(run), seconds=120, what="the end of the run")
    assert (run.state, run.created) == (Run.State.DONE, SELLERS)
    _judge(world, SELLERS)
    _judge_settling(settings.CREATE_SETTLE_TIME)


def _judge_settling(settle_time: float) -> None:
    """No lost answer was open for longer than it takes to look twice.

    A look waits for the pass before it, and takes one. With the settle time of production, 180 s, and
    passes of 30 s all of it is within one and a half settle times and a tick.
    """
    longest = max(after - before for before, after in pairwise(TICKS))
    resolved = CreateAttempt.objects.filter(state=CreateAttempt.State.RESOLVED)
    open_for = [
        (each.closed_at - each.sent_at).total_seconds()
        for each in resolved
        if each.closed_at is not None and each.sent_at is not None
    ]
    assert open_for
    assert max(open_for) <= 1.25 * settle_time + 4 * longest


def test_two_pushes_at_once_are_one_run_and_one_that_says_why_not(
    world: World, tmp_path: Path
) -> None:
    world.sellers(1_000)
    slot = timezone.now().replace(second=0, microsecond=0)
    with worker(queues="maintenance,bulk", log=tmp_path / "worker.log", processes=3):
        scheduled = Order(kind=starting.KIND, trigger=Run.Trigger.SCHEDULE, slot=slot)
        first = starting.start(order=scheduled)
        doubled = starting.start(order=scheduled)
        by_hand = world.begin()
        wait_until(lambda: _ended(first), seconds=60, what="the end of the run")
        late = starting.start(order=scheduled)
        assert world.begin(slot=slot + timedelta(minutes=1)).state == Run.State.PREPARING
    skipped = [run.state for run in (doubled, by_hand, late)]
    assert skipped == [Run.State.SKIPPED] * 3
    assert doubled.reason == by_hand.reason == f"Идёт запуск {first.pk}"
    assert late.reason == "Эта минута расписания уже выполнялась"
    _judge(world, 1_000)


def test_empty_table_against_a_filled_account_creates_nothing_until_adopted(world: World) -> None:
    world.sellers(700)
    world.push()
    world.lose_database()
    closed = world.push()
    assert (closed.created, closed.postponed) == (0, 700)
    assert Switch.objects.get(key=Switch.Key.CREATION_CLOSED).on
    assert world.audit()["companies"] == 700
    call_command("reconcile_companies", "--adopt", "--json")
    opened = world.push()
    assert (opened.created, opened.updated) == (0, 700)
    _judge(world, 700)
