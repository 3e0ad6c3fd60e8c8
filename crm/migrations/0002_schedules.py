"""Beat's entry of the limiter."""

from typing import Any

from django.db import migrations

from operations import schedules


def create(apps: Any, _editor: object) -> None:
    schedules.every(apps, name="Лимитер открыт", task="crm.keep_pace_open", seconds=5)


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0001_initial"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
    ]

    operations = [migrations.RunPython(create, migrations.RunPython.noop)]
