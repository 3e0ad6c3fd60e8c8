from collections.abc import Iterator

import pytest

from emulators import Emulators, start_all
from emulators.server import start
from tests.emulators.amocrm.receiving import Receiver
from tests.emulators.talking import Talker

SELLERS = 200
SEED = 7


@pytest.fixture(scope="session")
def running() -> Iterator[Emulators]:
    emulators = start_all(sellers=SELLERS, seed=SEED)
    yield emulators
    emulators.stop()


@pytest.fixture
def amocrm(running: Emulators) -> Iterator[Talker]:
    yield from _talking(running.amocrm_url)


@pytest.fixture
def sellers(running: Emulators) -> Iterator[Talker]:
    yield from _talking(running.sellers_url)


@pytest.fixture
def offers(running: Emulators) -> Iterator[Talker]:
    yield from _talking(running.offers_url)


@pytest.fixture
def feeds(running: Emulators) -> Iterator[Talker]:
    yield from _talking(running.feeds_url)


@pytest.fixture
def snatcher(running: Emulators) -> Iterator[Talker]:
    yield from _talking(running.snatcher_url)


@pytest.fixture
def directory(running: Emulators) -> Iterator[Talker]:
    yield from _talking(running.directory_url)


@pytest.fixture
def receiver(amocrm: Talker) -> Iterator[Receiver]:
    """Somebody who can be told by webhooks; nobody has subscribed yet."""
    receiver = Receiver()
    server = start(receiver)
    receiver.url = f"{server.url}/hooks/"
    yield receiver
    amocrm.control("POST", "reset")  # nothing more is sent to who is not there any more
    server.stop()


def _talking(url: str) -> Iterator[Talker]:
    """A service as new."""
    talker = Talker(url)
    talker.control("POST", "reset", {"settings": True})
    yield talker
    talker.close()
