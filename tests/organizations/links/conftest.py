"""The emulated Directory, and an office that links its organizations."""

from collections.abc import Iterator

import pytest
import redis
from pytest_django import Settings

from clients.directory.client import Directory
from clients.single_flight import RedisSingleFlight
from tests.clients.directory.conftest import (
    Emulated,
    directory,
    emulated,
    emulator,
    observer,
    service,
)
from tests.organizations.links import office as offices
from tests.organizations.links.office import Office

__all__ = ["directory", "emulated", "emulator", "observer", "service"]


@pytest.fixture
def flights(settings: Settings) -> Iterator[RedisSingleFlight]:
    """The suite's own Redis, where no creation is under way."""
    with redis.Redis.from_url(settings.REDIS_URL) as server:
        for key in server.scan_iter("flight:*"):
            server.delete(key)
        yield RedisSingleFlight(server)


@pytest.fixture
def office(emulated: Emulated, directory: Directory) -> Office:
    return offices.made(emulated=emulated, directory=directory)
