"""The emulated Directory as the product reaches it: by its settings."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from emulators.directory.service import DirectoryService
from emulators.server import Server, start
from organizations import connection
from tests.clients.directory.conftest import TOKEN, Emulated


@pytest.fixture(scope="session")
def directory_server() -> Iterator[Server]:
    server = start(DirectoryService(seed=1))
    yield server
    server.stop()


@pytest.fixture
def emulated(directory_server: Server, settings: Settings) -> Iterator[Emulated]:
    emulated = Emulated(directory_server)
    emulated.control.post("reset", {"settings": True})
    emulated.control.settings(token=TOKEN)
    settings.DIRECTORY_URL = directory_server.url
    settings.DIRECTORY_TOKEN = TOKEN
    yield emulated
    connection.close()
