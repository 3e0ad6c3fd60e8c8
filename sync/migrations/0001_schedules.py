"""Beat's entries of the push."""

from typing import Any

from django.conf import settings
from django.db import migrations

from operations import schedules


def create(apps: Any, _editor: object) -> None:
    schedules.crontab(
        apps,
        name="Выгрузка продавцов в amoCRM",
        task="sync.start_scheduled",
        line=settings.SYNC_SCHEDULE,
        zone=settings.TIME_ZONE,
    )
    schedules.every(apps, name="Сторож запусков", task="sync.watch", seconds=10)


class Migration(migrations.Migration):
    dependencies = [("django_celery_beat", "0019_alter_periodictasks_options")]

    operations = [migrations.RunPython(create, migrations.RunPython.noop)]
