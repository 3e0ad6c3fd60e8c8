import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from amonition.embedded.daemon import LOG_BYTES
from tests.amonition.embedded.users import ELSEWHERE, provided


@contextmanager
def valkey_alone(local_dir: Path) -> Iterator[redis.Redis]:
    with (
        provided(local_dir, **ELSEWHERE) as environ,
        redis.Redis.from_url(environ["REDIS_URL"]) as client,
    ):
        yield client


def test_writes_survive_a_restart(local_dir: Path) -> None:
    with valkey_alone(local_dir) as client:
        client.set("kept", "7")
    with valkey_alone(local_dir) as client:
        assert client.get("kept") == b"7"


def test_settings_are_those_of_a_durable_queue(local_dir: Path) -> None:
    expected = {
        "appendonly": "yes",
        "appendfsync": "everysec",
        "maxmemory-policy": "noeviction",
        "port": "0",
    }
    with valkey_alone(local_dir) as client:
        assert client.config_get(*expected) == expected


def test_log_that_has_grown_long_starts_anew(local_dir: Path) -> None:
    log = local_dir / "valkey" / "server.log"
    log.parent.mkdir(exist_ok=True)
    log.touch()
    os.truncate(log, LOG_BYTES + 1)
    with valkey_alone(local_dir):
        assert log.stat().st_size < LOG_BYTES
