"""A Redis of our own for what the limiter's tests do to it, and limiters on it."""

import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from amonition.embedded.daemon import Daemon, ensure_running, stop
from amonition.embedded.valkey import valkey
from tests.clients.hurried import Hurried


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Daemon]:
    with tempfile.TemporaryDirectory(prefix="pace-") as directory:
        server = valkey(Path(directory), durable=True)
        ensure_running(server)
        yield server
        stop(server)


@pytest.fixture(scope="session")
def redis_server_url(redis_server: Daemon) -> str:
    return redis_server.url


@pytest.fixture
def server(redis_server_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_server_url) as client:
        yield client


@pytest.fixture
def unopened(server: redis.Redis) -> Hurried:
    """A limiter that nobody has opened yet."""
    return Hurried(server, name=uuid.uuid4().hex)


@pytest.fixture
def hurried(unopened: Hurried) -> Hurried:
    """An open limiter at 7 requests/s."""
    unopened.pace.open(after_seconds=0)
    return unopened


@pytest.fixture
def open_another(server: redis.Redis) -> Callable[[], Hurried]:
    """Makes open limiters: a hypothesis test needs one for each example."""

    def make() -> Hurried:
        another = Hurried(server, name=uuid.uuid4().hex)
        another.pace.open(after_seconds=0)
        return another

    return make
