"""Beat's entries of webhooks."""

from typing import Any

from django.db import migrations

from operations import schedules


def create(apps: Any, _editor: object) -> None:
    schedules.every(apps, name="События amoCRM: разбудить", task="webhooks.sweep", seconds=5)
    schedules.every(
        apps, name="События amoCRM: старше 14 дней", task="webhooks.age_out", seconds=600
    )
    schedules.every(apps, name="Подписки amoCRM", task="webhooks.check_subscriptions", seconds=600)


class Migration(migrations.Migration):
    dependencies = [
        ("webhooks", "0001_initial"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
    ]
    operations = [migrations.RunPython(create, migrations.RunPython.noop)]
