"""Beat's entry of campaigns' changes, in the default database: where the inbox of events is."""

from typing import Any

from django.db import migrations

from operations import schedules


def create(apps: Any, _editor: object) -> None:
    schedules.every(
        apps,
        name="Изменения кампаний, которые никто не применяет",
        task="organizations.sweep_campaign_changes",
        seconds=30,
        queue="organizations",
    )


class Migration(migrations.Migration):
    dependencies = [
        ("organizations", "0004_api_tokens"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
    ]

    operations = [
        migrations.RunPython(create, migrations.RunPython.noop, hints={"model_name": "statusevent"})
    ]
