"""Beat's entries of the create protocol."""

from typing import Any

from django.db import migrations

from operations import schedules


def create(apps: Any, _editor: object) -> None:
    schedules.every(
        apps,
        name="Просроченные попытки создания",
        task="companies.expire_attempts",
        seconds=30,
    )
    schedules.every(
        apps, name="Сверка потерянных ответов", task="companies.settle_attempts", seconds=30
    )


class Migration(migrations.Migration):
    dependencies = [
        ("companies", "0002_storage"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
    ]

    operations = [migrations.RunPython(create, migrations.RunPython.noop)]
