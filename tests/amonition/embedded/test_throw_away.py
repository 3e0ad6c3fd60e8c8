from collections.abc import Callable
from pathlib import Path

import redis

from amonition.embedded import throw_away
from tests.amonition.embedded.users import THROW_AWAY, User, ask, identity, running


def test_stop_removes_everything(local_dir: Path) -> None:
    servers = throw_away(local_dir)
    assert ask(servers.database_url, "SELECT 1") == (1,)
    servers.stop()
    assert list(local_dir.glob("test-*")) == []


def test_nothing_waits_for_the_disk(local_dir: Path) -> None:
    servers = throw_away(local_dir)
    found = ask(
        servers.database_url,
        "SELECT array_agg(setting) FROM pg_settings"
        " WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes')",
    )
    with redis.Redis.from_url(servers.redis_url) as client:
        appending = client.config_get("appendonly")
    servers.stop()
    assert found == (["off", "off", "off"],)
    assert appending == {"appendonly": "no"}


def test_leftovers_of_a_killed_run_are_swept(
    local_dir: Path, start_user: Callable[..., User]
) -> None:
    killed = start_user(local_dir, script=THROW_AWAY)
    killed.environ()
    killed.kill()
    (left_behind,) = local_dir.glob("test-*")
    assert running(left_behind) == ["PostgreSQL", "Valkey"]
    servers = throw_away(local_dir)
    assert not left_behind.exists()
    assert len(list(local_dir.glob("test-*"))) == 1
    servers.stop()


def test_a_run_that_goes_on_is_not_swept(local_dir: Path, start_user: Callable[..., User]) -> None:
    environ = start_user(local_dir, script=THROW_AWAY).environ()
    before = identity(environ)
    throw_away(local_dir).stop()
    assert identity(environ) == before
