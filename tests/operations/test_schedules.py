"""Beat's entries: a tick is not thrown away by a worker whose clock is minutes ahead of beat's."""

from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection
from django_celery_beat.models import PeriodicTask

from operations import schedules

pytestmark = pytest.mark.django_db
MINUTES = 600  # seconds; Celery compares the sender's moment with the worker's clock


@pytest.mark.parametrize(("seconds", "expires"), [(5, MINUTES), (600, MINUTES), (3600, 3600)])
def test_tick_outlives_a_clock_that_is_minutes_ahead(seconds: int, expires: int) -> None:
    schedules.every(apps, name="tick", task="webhooks.sweep", seconds=seconds)
    assert PeriodicTask.objects.get(name="tick").expire_seconds == expires


def test_entries_made_before_are_put_right_and_an_administrators_change_is_left() -> None:
    schedules.every(apps, name="made", task="webhooks.sweep", seconds=5)
    schedules.every(apps, name="changed", task="webhooks.sweep", seconds=5)
    PeriodicTask.objects.filter(name="made").update(expire_seconds=5)
    PeriodicTask.objects.filter(name="changed").update(expire_seconds=3)
    migration = import_module("operations.migrations.0003_expiry_of_ticks")
    with connection.schema_editor() as editor:
        migration.keep_longer(apps, editor)
    assert PeriodicTask.objects.get(name="made").expire_seconds == MINUTES
    assert PeriodicTask.objects.get(name="changed").expire_seconds == 3
