"""Beat while PostgreSQL is away: it waits, and rings what fell due once PostgreSQL is back."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from celery import current_app
from django.db import OperationalError
from django.utils import timezone
from django_celery_beat.models import IntervalSchedule, PeriodicTask
from django_celery_beat.schedulers import DatabaseScheduler

from amonition.beat import AGAIN_SECONDS, PatientScheduler
from operations import doorbell
from tests.webhooks.away import postgresql_away

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def due() -> PeriodicTask:
    """One task, which fell due a while ago."""
    PeriodicTask.objects.all().delete()
    every, _ = IntervalSchedule.objects.get_or_create(every=1, period=IntervalSchedule.HOURS)
    return PeriodicTask.objects.create(
        name="due",
        task="webhooks.sweep",
        interval=every,
        queue=uuid4().hex,
        last_run_at=timezone.now() - timedelta(hours=2),
    )


@pytest.fixture
def scheduler(due: PeriodicTask) -> Iterator[PatientScheduler]:
    patient = PatientScheduler(app=current_app, lazy=True)
    yield patient
    patient.close()


def _rung(task: PeriodicTask) -> int:
    return doorbell.unheard(queue=task.queue)


def test_beat_waits_for_postgresql_and_rings_once_it_is_back(
    scheduler: PatientScheduler, due: PeriodicTask, tmp_path: Path
) -> None:
    with postgresql_away(tmp_path):
        assert scheduler.tick() == scheduler.tick() == AGAIN_SECONDS
        assert not _rung(due)
    scheduler.tick()
    assert _rung(due) == 1


def test_beat_that_lost_postgresql_in_the_middle_reads_the_whole_schedule_again(
    scheduler: PatientScheduler, due: PeriodicTask, tmp_path: Path
) -> None:
    scheduler.tick()
    due.last_run_at = timezone.now() - timedelta(hours=2)
    due.save()  # beat reads an edited schedule at its next tick
    with postgresql_away(tmp_path):
        scheduler.tick()
    scheduler.tick()
    assert _rung(due) == 2


def test_the_scheduler_it_is_made_of_ends(due: PeriodicTask, tmp_path: Path) -> None:
    """The twin: without the guard beat ends, and with it every sweep."""
    impatient = DatabaseScheduler(app=current_app, lazy=True)
    with postgresql_away(tmp_path), pytest.raises(OperationalError):
        impatient.tick()
