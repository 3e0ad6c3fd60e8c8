"""`manage.py consume_status_changes`, a process that is killed, started again and asked to end."""

import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis
from django.conf import settings
from django.core.management import CommandError, call_command
from pytest_django import Settings

from ads.models import ModerationEntry
from ads.shards import for_each_shard, use_shard
from operations import alerts
from operations.models import Alert
from organizations import applying
from organizations.models import StatusEvent
from tests.journeys.service import ROOT, environment
from tests.organizations.status_events import happened, said, statuses
from tests.organizations.test_applying import linked
from tests.sharded import committed_on_shards, on_shards
from tests.waiting import wait_until

ONE = 31
SECONDS = 60.0  # a start takes two; the machine may be busy
QUICK = "0.01"  # of a minute, after which messages of the dead are given to others


@pytest.fixture
def server() -> Iterator[redis.Redis]:
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        yield client


@contextmanager
def consumer(topic: str, *, log: Path, **environ: str) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("a") as output:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "consume_status_changes"],
            cwd=ROOT,
            env=environment() | {"STATUS_TOPIC": topic, "CLOCK_SCALE": QUICK} | environ,
            stdout=output,
            stderr=output,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@committed_on_shards
@pytest.mark.requirement("R45")
@pytest.mark.requirement("R46")
def test_a_process_that_is_killed_loses_nothing_and_one_that_is_asked_leaves_in_order(
    server: redis.Redis, tmp_path: Path
) -> None:
    topic, log = f"topics/{uuid.uuid4().hex}", tmp_path / "log"
    for shard in (1, 2):
        linked(ONE, shard=shard)
    server.xadd(topic, {"data": said(ONE, published=False)})
    point = tmp_path / "organizations.status_events.stored"
    point.touch()
    with consumer(topic, log=log, AMONITION_FAILPOINTS=str(tmp_path)) as process:
        assert process.wait(SECONDS) == -signal.SIGKILL, log.read_text()[-3000:]
    assert StatusEvent.objects.count() == 1
    groups = server.xinfo_groups(topic)
    assert [group["pending"] for group in groups] == [1]

    with consumer(topic, log=log) as process:
        for shard in (1, 2):
            wait_until(lambda: unpublished(shard), seconds=SECONDS, what=f"shard {shard}")  # noqa: B023
        wait_until(lambda: is_acknowledged(server, topic), seconds=SECONDS, what="acknowledging")
        process.terminate()
        assert process.wait(SECONDS) == 0, log.read_text()[-3000:]
    assert StatusEvent.objects.count() == 1
    with use_shard(2):
        assert list(ModerationEntry.objects.values_list("version", flat=True)) == [1]
    assert server.xinfo_groups(topic)[0]["consumers"] == 1, "the killed one is still a member"
    server.delete(topic)


def unpublished(shard: int) -> bool:
    with use_shard(shard):
        return set(statuses(ONE).values()) == {"unpublished"}


def is_acknowledged(server: redis.Redis, topic: str) -> bool:
    return [group["pending"] for group in server.xinfo_groups(topic)] == [0]


@pytest.mark.requirement("R45")
def test_the_topic_is_the_directorys_and_a_setting() -> None:
    assert settings.STATUS_TOPIC == "sprav/altay/publishing-status-changes"


@on_shards
def test_reading_is_resumed_by_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    alerts.raise_alert(kind=Alert.Kind.STATUS_TOPIC_HELD, text="")
    call_command("consume_status_changes", "--resume")
    assert "Понято сообщений: 0" in capsys.readouterr().out
    assert Alert.objects.get().recovered_at is not None


@on_shards
def test_the_inbox_is_applied_again_by_the_command() -> None:
    happened(ONE, published=True)
    for_each_shard(lambda _: applying.apply_next(most=10))
    call_command("consume_status_changes", "--reapply")
    again = for_each_shard(lambda _: applying.apply_next(most=10).events)
    assert again == {1: 1, 2: 1}


def test_without_ydbs_package_the_command_says_what_to_install(settings: Settings) -> None:
    settings.STATUS_TOPIC_URL = "grpc://127.0.0.1:2136/local"
    with pytest.raises(CommandError, match=r"-r requirements-ydb\.txt"):
        call_command("consume_status_changes")
