"""What the protocol had to mend is counted, for the one who looks at /metrics."""

from datetime import timedelta

import pytest
import time_machine
from django.core.management import call_command
from django.utils import timezone

from amonition import counter_metrics
from operations import counters, runs
from operations.models import Portion, Run
from sync import watching
from tests.world import World

CREATES = {"method": "POST", "path": "/api/v4/companies"}


def _counted() -> dict[str, int]:
    return {name: total for name, total in counters.totals().items() if total}


@pytest.mark.parametrize(
    ("fault", "mended"),
    [
        ("reset_after_commit", {"companies_adopted:read_back": 3}),
        ("reset_before_commit", {"sellers_freed": 3}),
    ],
)
def test_lost_answer_is_counted_and_so_is_what_became_of_it(
    world: World, fault: str, mended: dict[str, int]
) -> None:
    world.sellers(3)
    world.prepare_fields()
    world.amocrm.fault(**CREATES, kind=fault, times=1)
    world.settle(world.push())
    assert _counted() == {"creates_unknown": 1, **mended}


def test_answer_that_leaves_somebody_out_is_one_post_of_unknown_outcome(world: World) -> None:
    world.sellers(3)
    world.prepare_fields()
    world.amocrm.fault(**CREATES, kind="drop_items", count=2, times=1)
    world.settle(world.push())
    assert _counted() == {"creates_unknown": 1, "companies_adopted:read_back": 2}


def test_a_push_without_trouble_counts_nothing(world: World) -> None:
    world.sellers(3)
    world.push()
    assert not _counted()


def test_adoption_by_an_operator_is_counted(world: World) -> None:
    world.sellers(3)
    world.push()
    world.lose_database()
    world.push()
    call_command("reconcile_companies", "--adopt", "--json")
    assert _counted()["companies_adopted:operator"] == 3


def test_silent_runs_are_counted_as_adopted_with_the_bells_that_were_rung(world: World) -> None:
    world.sellers(3)
    run = world.begin()
    Run.objects.update(heartbeat_at=timezone.now() - timedelta(hours=1))
    watching.watch()
    assert _counted() == {"runs_adopted": 1, "rung_again:sync.carry_out": 1}
    run.refresh_from_db()
    assert run.state == Run.State.PREPARING


def test_pumps_that_nobody_heard_of_are_counted_with_their_run(world: World) -> None:
    world.sellers(3)
    run = world.begin()
    Run.objects.update(state=Run.State.WRITING, heartbeat_at=timezone.now() - timedelta(hours=1))
    Portion.objects.create(run=run, ordinal=0, start=0, stop=3)
    watching.watch()
    assert _counted() == {"runs_adopted": 1, "rung_again:sync.pump": 1}


@pytest.mark.parametrize("minutes", [5, -5])
def test_silence_of_a_run_is_measured_by_the_database_not_by_a_worker(
    world: World, minutes: int
) -> None:
    """A worker whose clock is ahead would ring without end, one behind would not see a dead run."""
    world.sellers(3)
    run = world.begin()
    wrong = timezone.now() + timedelta(minutes=minutes)
    runs.beat(run_id=run.pk)
    with time_machine.travel(wrong):
        watching.watch()
    assert not _counted()
    with time_machine.travel(wrong):
        runs.beat(run_id=run.pk)
    watching.watch()
    assert not _counted()
    Run.objects.update(heartbeat_at=timezone.now() - timedelta(minutes=2))
    with time_machine.travel(wrong):
        watching.watch()
    assert _counted() == {"runs_adopted": 1, "rung_again:sync.carry_out": 1}


def test_every_counter_of_mending_is_foreseen_at_nought() -> None:
    foreseen = {name.partition(":")[0] for name in counter_metrics.FORESEEN}
    assert set(counter_metrics.FAMILIES) <= foreseen
