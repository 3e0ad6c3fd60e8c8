from collections.abc import Iterator

import pytest

from emulators import Emulators, start_all
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


def _talking(url: str) -> Iterator[Talker]:
    """A service as new."""
    talker = Talker(url)
    talker.control("POST", "reset", {"settings": True})
    yield talker
    talker.close()
