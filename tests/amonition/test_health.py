import io
import json
import re
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.utils import timezone
from django_celery_beat.models import IntervalSchedule, PeriodicTask
from pytest_django import Settings

from ads.shards import use_shard
from amonition.readiness import (
    BEAT_SILENCE,
    INBOX_SILENCE,
    NAMES,
    RUN_SILENCE,
    SHARD_LAG,
    TOPIC_SILENCE,
    WATCHDOG,
)
from operations import alerts
from operations.models import Alert, Run
from organizations.models import StatusCursor, StatusEvent, StatusTopic
from sync import tasks
from tests.organizations.shard_away import away
from tests.organizations.status_events import happened
from tests.sharded import committed_on_shards, on_shards
from webhooks.models import Delivery, Door, Event


@pytest.fixture
def moving(db: None, empty_redis: redis.Redis) -> None:
    """A service whose beat has just ticked, and whose topic has just been read."""
    tick(timedelta())
    read_topic(timedelta())


def read_topic(age: timedelta) -> None:
    StatusTopic.objects.update_or_create(name="topic", defaults={"polled_at": timezone.now() - age})


def tick(age: timedelta) -> None:
    every, _ = IntervalSchedule.objects.get_or_create(every=10, period="seconds")
    PeriodicTask.objects.filter(task=WATCHDOG).delete()
    PeriodicTask.objects.create(
        name="watchdog", task=WATCHDOG, interval=every, last_run_at=timezone.now() - age
    )


def start_run(*, state: Run.State, silent: timedelta) -> Run:
    run = Run.objects.create(kind="companies", trigger=Run.Trigger.SCHEDULE, state=state)
    Run.objects.update(heartbeat_at=timezone.now() - silent)
    return run


def ready(client: Client) -> tuple[int, dict[str, Any]]:
    answer = client.get("/health/ready")
    checks = {check["name"]: check for check in answer.json()["checks"]}
    assert tuple(checks) == NAMES
    return answer.status_code, checks


def failing(checks: dict[str, Any]) -> list[str]:
    return [name for name, check in checks.items() if not check["ok"]]


def test_live_needs_no_store(client: Client, postgresql_away: None, redis_away: None) -> None:
    answer = client.get("/health/live")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
@on_shards
@pytest.mark.usefixtures("moving")
def test_probes_are_neither_cached_nor_sent_to_tls(
    client: Client, settings: Settings, path: str
) -> None:
    settings.SECURE_SSL_REDIRECT = True
    answer = client.get(path)
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]


@on_shards
@pytest.mark.usefixtures("moving")
def test_ready_while_a_run_moves(client: Client) -> None:
    start_run(state=Run.State.WRITING, silent=RUN_SILENCE - timedelta(seconds=5))
    code, checks = ready(client)
    assert (code, failing(checks)) == (200, [])


@pytest.mark.parametrize("state", Run.ACTIVE)
@on_shards
@pytest.mark.usefixtures("moving")
def test_not_ready_when_an_active_run_is_silent(client: Client, state: Run.State) -> None:
    run = start_run(state=state, silent=RUN_SILENCE + timedelta(seconds=5))
    code, checks = ready(client)
    assert (code, failing(checks)) == (503, ["runs"])
    assert f"run {run.pk} is silent for 305 s" in checks["runs"]["detail"]


@on_shards
@pytest.mark.usefixtures("moving")
def test_an_ended_run_may_be_silent(client: Client) -> None:
    start_run(state=Run.State.DONE, silent=timedelta(days=1))
    assert ready(client)[0] == 200


def event(number: int = 1, *, due: timedelta, **values: object) -> Event:
    """`due`: for how long it could have been handled."""
    given = {"door": Door.LEAD_STATUS, "entity": "lead", "action": "status", "entity_id": number}
    return Event.objects.create(not_before=timezone.now() - due, **given | values)


def request(*, due: timedelta, **values: object) -> Delivery:
    """`due`: for how long it could have been read."""
    given = {"door": Door.LEAD_STATUS, "body": b"", "digest": uuid.uuid4().bytes}
    now = timezone.now()
    return Delivery.objects.create(id=uuid.uuid4(), due_at=now - due, **given | values)


@on_shards
@pytest.mark.usefixtures("moving")
def test_ready_while_the_inbox_is_worked_off(client: Client) -> None:
    almost = INBOX_SILENCE - timedelta(seconds=10)
    request(due=almost)
    event(due=almost)
    code, checks = ready(client)
    assert (code, failing(checks)) == (200, [])
    assert re.fullmatch(
        r"the oldest request waits for 29\d s, the oldest event waits for 29\d s",
        checks["inbox"]["detail"],
    )


@on_shards
@pytest.mark.usefixtures("moving")
def test_not_ready_when_a_request_is_not_read(client: Client) -> None:
    request(due=INBOX_SILENCE + timedelta(seconds=5))
    code, checks = ready(client)
    assert (code, failing(checks)) == (503, ["inbox"])


@pytest.mark.parametrize(
    "values",
    [{}, {"state": Event.State.WORKING, "lease_until": datetime(2020, 1, 1, tzinfo=UTC)}],
)
@on_shards
@pytest.mark.usefixtures("moving")
def test_not_ready_when_an_event_is_not_handled(client: Client, values: dict[str, Any]) -> None:
    event(due=INBOX_SILENCE + timedelta(seconds=5), **values)
    code, checks = ready(client)
    assert (code, failing(checks)) == (503, ["inbox"])


@on_shards
@pytest.mark.usefixtures("moving")
def test_what_cannot_be_done_yet_may_wait(client: Client) -> None:
    """What is over, what waits for its time, what somebody has in hand, what is behind one of those."""
    long = timedelta(days=1)
    request(due=long, state=Delivery.State.READ)
    request(due=-long)
    for number, state in enumerate((Event.State.DONE, Event.State.REFUSED, Event.State.DEAD)):
        event(number, due=long, state=state)
    event(10, due=-long)
    event(10, due=long)
    event(11, due=long, state=Event.State.WORKING, lease_until=timezone.now() + long)
    event(11, due=long)
    assert ready(client)[0] == 200


@on_shards
@pytest.mark.usefixtures("moving")
def test_not_ready_when_beat_does_not_tick(client: Client) -> None:
    tick(BEAT_SILENCE + timedelta(seconds=5))
    code, checks = ready(client)
    assert (code, failing(checks)) == (503, ["beat"])
    assert re.fullmatch(r"ticked 12\d s ago", checks["beat"]["detail"])


@pytest.mark.parametrize("change", [{"last_run_at": None}, {"enabled": False}])
@on_shards
@pytest.mark.usefixtures("moving")
def test_not_ready_without_a_tick_to_come(client: Client, change: dict[str, Any]) -> None:
    PeriodicTask.objects.filter(task=WATCHDOG).update(**change)
    code, checks = ready(client)
    assert (code, failing(checks)) == (503, ["beat"])


@on_shards
@pytest.mark.usefixtures("moving")
def test_not_ready_when_a_migration_is_missing(client: Client) -> None:
    (newest,) = MigrationLoader(connection).graph.leaf_nodes("operations")
    MigrationRecorder(connection).record_unapplied(*newest)
    code, checks = ready(client)
    assert (code, failing(checks)) == (503, ["migrations"])
    assert "not applied: 1, the first is operations" in checks["migrations"]["detail"]


@on_shards
@pytest.mark.usefixtures("moving")
def test_not_ready_when_a_shard_is_behind(client: Client) -> None:
    late = happened(31, published=True)
    StatusEvent.objects.update(received_at=timezone.now() - SHARD_LAG - timedelta(seconds=5))
    code, checks = ready(client)
    assert (code, failing(checks)) == (503, ["shards"])
    assert checks["shards"]["detail"] == "1 is 1 events, 305 s behind, 2 is 1 events, 305 s behind"
    for shard in (1, 2):
        with use_shard(shard):
            StatusCursor.objects.create(name="status_changes", position=late.pk)
    assert ready(client)[0] == 200


@committed_on_shards
@pytest.mark.usefixtures("moving")
def test_not_ready_without_a_shard(client: Client) -> None:
    with away("shard2"):
        code, checks = ready(client)
    assert (code, failing(checks)) == (503, ["shards"])
    assert checks["shards"]["detail"] == (
        "1 is 0 events, 0 s behind, 2 does not answer (OperationalError)"
    )


@on_shards
@pytest.mark.usefixtures("moving")
def test_not_ready_when_nobody_reads_the_topic(client: Client) -> None:
    read_topic(TOPIC_SILENCE + timedelta(seconds=5))
    code, checks = ready(client)
    assert (code, failing(checks)) == (503, ["topic"])
    assert checks["topic"]["detail"] == "read 125 s ago"
    StatusTopic.objects.all().delete()
    assert ready(client)[0] == 503


@on_shards
@pytest.mark.usefixtures("moving")
def test_not_ready_while_the_topic_waits_for_people(client: Client) -> None:
    alerts.raise_alert(kind=Alert.Kind.STATUS_TOPIC_HELD, text="")
    code, checks = ready(client)
    assert (code, failing(checks)) == (503, ["topic"])


@on_shards
@pytest.mark.usefixtures("moving", "redis_away")
def test_not_ready_without_redis(client: Client) -> None:
    code, checks = ready(client)
    assert (code, failing(checks)) == (503, ["redis"])


@pytest.mark.usefixtures("empty_redis", "postgresql_away")
def test_not_ready_without_postgresql(client: Client, tmp_path: Path) -> None:
    code, checks = ready(client)
    assert (code, failing(checks)) == (503, [name for name in NAMES if name != "redis"])
    assert str(tmp_path) not in json.dumps(checks), "an error's text names hosts and users"


@on_shards
@pytest.mark.usefixtures("moving")
def test_the_command_says_the_same() -> None:
    start_run(state=Run.State.WRITING, silent=timedelta(hours=1))
    output = io.StringIO()
    with pytest.raises(CommandError) as failure:
        call_command("ready", "--json", stdout=output)
    assert failure.value.returncode == 1
    assert failing({check["name"]: check for check in json.loads(output.getvalue())}) == ["runs"]


@on_shards
@pytest.mark.usefixtures("moving")
def test_the_command_looks_at_the_checks_it_is_told() -> None:
    start_run(state=Run.State.WRITING, silent=timedelta(hours=1))
    output = io.StringIO()
    call_command("ready", "beat", stdout=output)
    assert output.getvalue() == "ok   beat: ticked 0 s ago\n"


def test_the_command_refuses_an_unknown_check() -> None:
    with pytest.raises(CommandError, match="bete") as failure:
        call_command("ready", "bete")
    assert failure.value.returncode == 2


def test_the_watched_entry_is_the_watchdogs() -> None:
    assert tasks.watch.name == WATCHDOG
