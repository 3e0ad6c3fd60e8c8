"""Ticks that were thrown away after their own interval are kept for as long as new entries' are."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import F

from operations.schedules import EXPIRES_SECONDS


def keep_longer(apps: Apps, _: BaseDatabaseSchemaEditor) -> None:
    """Only entries that still have what they were made with."""
    tasks = apps.get_model("django_celery_beat", "PeriodicTask").objects
    made = tasks.filter(interval__isnull=False, interval__period="seconds")
    short = made.filter(expire_seconds=F("interval__every"), expire_seconds__lt=EXPIRES_SECONDS)
    short.update(expire_seconds=EXPIRES_SECONDS)


class Migration(migrations.Migration):
    dependencies = [
        ("operations", "0002_options_and_counters"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
    ]
    operations = [migrations.RunPython(keep_longer, migrations.RunPython.noop)]
