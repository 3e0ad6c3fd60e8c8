"""Beat's entries: made once by migrations, the administrators' from then on."""

from typing import Any

from django.apps.registry import Apps


def every(apps: Apps, *, name: str, task: str, seconds: int, queue: str = "maintenance") -> None:
    """An entry that fires every so many seconds. An entry of that name is left as it is."""
    interval, _ = apps.get_model("django_celery_beat", "IntervalSchedule").objects.get_or_create(
        every=seconds, period="seconds"
    )
    # A message nobody took before the next one is due is worth nothing.
    _entry(apps, name=name, task=task, queue=queue, interval=interval, expire_seconds=seconds)


def crontab(
    apps: Apps, *, name: str, task: str, line: str, zone: str, queue: str = "maintenance"
) -> None:
    """An entry for a line of five crontab fields, in `zone`. An existing entry is left as it is."""
    minute, hour, day, month, weekday = line.split()
    schedule, _ = apps.get_model("django_celery_beat", "CrontabSchedule").objects.get_or_create(
        minute=minute,
        hour=hour,
        day_of_month=day,
        month_of_year=month,
        day_of_week=weekday,
        timezone=zone,
    )
    _entry(apps, name=name, task=task, queue=queue, crontab=schedule, expire_seconds=600)


def _entry(apps: Apps, *, name: str, **values: Any) -> None:
    model = apps.get_model("django_celery_beat", "PeriodicTask")
    model.objects.get_or_create(name=name, defaults=values)
