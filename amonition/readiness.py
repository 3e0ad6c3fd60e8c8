"""Whether the service makes progress. Processes that run prove nothing: rows that move do.

Details name kinds of errors, never their texts: those hold hosts, users and sometimes passwords.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from django_celery_beat.models import PeriodicTask
from redis.exceptions import RedisError

from ads.shards import all_shards
from amonition.redis_connection import open_redis
from operations.models import Run
from organizations import lags, receiving
from organizations.models import StatusTopic
from webhooks import selectors

RUN_SILENCE = timedelta(minutes=5)  # a pump shows itself at least every half minute
BEAT_SILENCE = timedelta(minutes=2)  # the watchdog's entry is due every ten seconds
INBOX_SILENCE = timedelta(minutes=5)  # managers wait for what they asked for
WATCHDOG = "sync.watch"
SHARD_LAG = timedelta(minutes=5)  # of events that change what advertisers' banners show
TOPIC_SILENCE = timedelta(minutes=2)  # its reader shows itself every ten seconds
NAMES = ("postgresql", "redis", "migrations", "runs", "inbox", "beat", "shards", "topic")


@dataclass(frozen=True, slots=True)
class Check:
    """`detail`: for people; says what was seen, also where all is well."""

    name: str
    ok: bool
    detail: str


def check_all() -> list[Check]:
    """Every check of NAMES, in that order: the first that failed may be the reason of the others."""
    database = _look("postgresql", _postgresql)
    checks = [database, _look("redis", _redis)]
    rows = (
        *(("migrations", _migrations), ("runs", _runs), ("inbox", _inbox), ("beat", _beat)),
        *(("shards", _shards), ("topic", _topic)),
    )
    for name, look in rows:
        # Each look at a database that is away would cost the whole connect timeout again.
        away = Check(name, False, "PostgreSQL does not answer")
        checks.append(_look(name, look) if database.ok else away)
    return checks


def _look(name: str, look: Callable[[], tuple[bool, str]]) -> Check:
    try:
        return Check(name, *look())
    except (Error, RedisError) as error:
        return Check(name, False, f"does not answer ({type(error).__name__})")


def _postgresql() -> tuple[bool, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return True, "answers"


def _redis() -> tuple[bool, str]:
    with open_redis() as server:
        server.ping()
    return True, "answers"


def _migrations() -> tuple[bool, str]:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        return False, f"not applied: {len(missing)}, the first is {missing[0][0]}"
    return True, "applied"


def _runs() -> tuple[bool, str]:
    now = timezone.now()
    active = Run.objects.filter(state__in=Run.ACTIVE)
    silent = active.filter(heartbeat_at__lt=now - RUN_SILENCE).order_by("heartbeat_at").first()
    if silent is not None:
        return False, f"run {silent.pk} is silent for {_seconds(now - silent.heartbeat_at)} s"
    return True, f"active: {active.count()}"


def _inbox() -> tuple[bool, str]:
    overdue = selectors.overdue()
    waits = {"request": overdue.request, "event": overdue.event}
    ok = max(waits.values()) <= INBOX_SILENCE.total_seconds()
    said = ", ".join(f"the oldest {what} waits for {wait:.0f} s" for what, wait in waits.items())
    return ok, said


def _beat() -> tuple[bool, str]:
    ticks = PeriodicTask.objects.filter(task=WATCHDOG, enabled=True)
    entry = ticks.order_by("-last_run_at").first()
    if entry is None:
        return False, f"the schedule has no enabled entry for {WATCHDOG}"
    if entry.last_run_at is None:
        return False, "has not ticked yet"
    age = timezone.now() - entry.last_run_at
    return age <= BEAT_SILENCE, f"ticked {_seconds(age)} s ago"


def _shards() -> tuple[bool, str]:
    said, ok = [], True
    for shard in all_shards():
        try:
            lag = lags.lag(shard=shard)
        except Error as error:
            ok = False
            said.append(f"{shard} does not answer ({type(error).__name__})")
            continue
        ok = ok and lag.seconds <= SHARD_LAG.total_seconds()
        said.append(f"{shard} is {lag.events} events, {lag.seconds:.0f} s behind")
    return ok, ", ".join(said)


def _topic() -> tuple[bool, str]:
    if receiving.is_held():
        return False, "held: too many messages that are no events"
    newest = StatusTopic.objects.order_by("-polled_at").first()
    if newest is None:
        return False, "nobody has read it yet"
    age = timezone.now() - newest.polled_at
    return age <= TOPIC_SILENCE, f"read {_seconds(age)} s ago"


def _seconds(span: timedelta) -> int:
    return round(span.total_seconds())
