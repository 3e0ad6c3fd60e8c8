from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from django.db import connection
from pytest_django import DjangoDbBlocker, Settings


@pytest.fixture
def postgresql_away(django_db_blocker: DjangoDbBlocker, tmp_path: Path) -> Iterator[None]:
    """The default connection leads to a socket that nobody listens on. Not together with `db`."""
    host = connection.settings_dict["HOST"]
    with django_db_blocker.unblock():
        connection.close()
        connection.settings_dict["HOST"] = str(tmp_path)
        yield
        connection.close()
    connection.settings_dict["HOST"] = host


@pytest.fixture
def redis_away(settings: Settings, tmp_path: Path) -> None:
    """Nobody listens on the socket."""
    settings.REDIS_URL = f"unix://{tmp_path}/nobody.sock"


@pytest.fixture
def empty_redis(settings: Settings) -> Iterator[redis.Redis]:
    """A database of the test's own on the same server."""
    settings.REDIS_URL = settings.REDIS_URL.partition("?")[0] + "?db=15"
    with redis.Redis.from_url(settings.REDIS_URL) as server:
        server.flushdb()
        yield server
        server.flushdb()
