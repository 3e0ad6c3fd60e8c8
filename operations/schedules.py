"""Beat's entries: made once by migrations, the administrators' from then on."""

from typing import Any

from django.apps.registry import Apps

# Seconds after which a message that nobody took is thrown away. Beat's machine reckons it and the
# worker's clock decides: one that is minutes ahead would throw away every tick of the 5 s ones, and
# with them all sweeps. So many pile up at most while no worker is there: 120 of a 5 s entry.
EXPIRES_SECONDS = 600


def every(apps: Apps, *, name: str, task: str, seconds: int, queue: str = "maintenance") -> None:
    """An entry that fires every so many seconds. An entry of that name is left as it is."""
    interval, _ = apps.get_model("django_celery_beat", "IntervalSchedule").objects.get_or_create(
        every=seconds, period="seconds"
    )
    expires = max(seconds, EXPIRES_SECONDS)
    _entry(apps, name=name, task=task, queue=queue, interval=interval, expire_seconds=expires)


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
    _entry(
        apps, name=name, task=task, queue=queue, crontab=schedule, expire_seconds=EXPIRES_SECONDS
    )


def _entry(apps: Apps, *, name: str, **values: Any) -> None:
    model = apps.get_model("django_celery_beat", "PeriodicTask")
    model.objects.get_or_create(name=name, defaults=values)
