"""Deploy checks of everything that has to do with time."""

from collections.abc import Iterable
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from celery.schedules import ParseException, crontab
from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as CheckWarning

from companies.exports import PATIENCE_SECONDS

COMMIT_SECONDS = 60  # D1: amoCRM may still commit a POST so long after its last byte
READ_LAG_SECONDS = 30  # D2: and so long may pass until reading shows it


def check_ladder(**_kwargs: object) -> Iterable[CheckMessage]:
    """A step that outlives the one above it is done twice, or cut off in the middle."""
    steps = (
        ("AMOCRM_CALL_DEADLINE", settings.AMOCRM_CALL_DEADLINE),
        ("CELERY_TASK_SOFT_TIME_LIMIT", settings.CELERY_TASK_SOFT_TIME_LIMIT),
        ("CELERY_TASK_TIME_LIMIT", settings.CELERY_TASK_TIME_LIMIT),
        ("SYNC_LEASE", settings.SYNC_LEASE),
        ("visibility_timeout", settings.CELERY_BROKER_TRANSPORT_OPTIONS["visibility_timeout"]),
    )
    for (name, seconds), (next_name, next_seconds) in pairwise(steps):
        if seconds >= next_seconds:
            yield Error(
                f"{name} ({seconds:g} s) has to be shorter than {next_name} ({next_seconds:g} s)",
                hint="Leave both at their defaults",
                id="amonition.E004",
            )


def check_prepared_lease(**_kwargs: object) -> Iterable[CheckMessage]:
    """An attempt waits for its slot while prepared; the reaper must not take it meanwhile."""
    patience = PATIENCE_SECONDS * settings.CLOCK_SCALE
    if patience >= settings.CREATE_PREPARED_LEASE:
        yield Error(
            f"CREATE_PREPARED_LEASE ({settings.CREATE_PREPARED_LEASE:g} s) has to be longer than"
            f" the wait for a slot ({patience:g} s)",
            hint="Leave it at its default, 120 s",
            id="amonition.E005",
        )


def check_settle_time(**_kwargs: object) -> Iterable[CheckMessage]:
    """Who reads amoCRM back sooner may miss a company that is still being made, and make it again."""
    sending = settings.CREATE_SEND_GAP + settings.AMOCRM_CALL_DEADLINE
    shortest = sending + COMMIT_SECONDS + READ_LAG_SECONDS
    if shortest > settings.CREATE_SETTLE_TIME:
        yield CheckWarning(
            f"CREATE_SETTLE_TIME ({settings.CREATE_SETTLE_TIME:g} s) is shorter than"
            f" {shortest:g} s: only for tests",
            hint="CREATE_SEND_GAP + AMOCRM_CALL_DEADLINE + 60 s until amoCRM has written"
            " + 30 s until it shows what it has written",
            id="amonition.W001",
        )


def check_clock_scale(**_kwargs: object) -> Iterable[CheckMessage]:
    """Leases of production hold what a machine or a network may take; a tenth of them does not."""
    if settings.CLOCK_SCALE != 1:
        yield CheckWarning(
            f"CLOCK_SCALE ({settings.CLOCK_SCALE:g}) is not 1: only for tests",
            hint="Leave it unset",
            id="amonition.W006",
        )


def check_schedule(**_kwargs: object) -> Iterable[CheckMessage]:
    """The schedule goes into beat's table unread."""
    fields = settings.SYNC_SCHEDULE.split()
    try:
        minute, hour, day, month, weekday = fields
        crontab(minute, hour, weekday, day, month)
    except (ValueError, ParseException) as error:
        yield Error(
            f"SYNC_SCHEDULE: {settings.SYNC_SCHEDULE!r} is no crontab line: {error}",
            hint="Five fields: minute, hour, day of month, month, day of week; 0 * * * * is hourly",
            id="amonition.E006",
        )


def check_time_zone(**_kwargs: object) -> Iterable[CheckMessage]:
    """Dates in amoCRM are calendar days of this zone."""
    try:
        ZoneInfo(settings.TIME_ZONE)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a directory, such as Europe
        yield Error(
            f"TIME_ZONE: {settings.TIME_ZONE!r} is no time zone of the IANA database",
            hint="For example Europe/Moscow",
            id="amonition.E007",
        )
