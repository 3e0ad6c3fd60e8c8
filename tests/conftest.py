"""The world for tests that push: emulators once per run, reset for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from crm.connection import pace
from emulators import Emulators, start_all
from tests.clients.emulated import Control
from tests.crm.emulated import forget_pace
from tests.world import World, watermark


@pytest.fixture(scope="session")
def emulators() -> Iterator[Emulators]:
    """All emulated services, in this process, with nobody known to the feeds service."""
    started = start_all(sellers=1, seed=1)
    yield started
    started.stop()


@pytest.fixture
def world(
    emulators: Emulators, transactional_db: None, settings: Settings, tmp_path: Path
) -> World:
    """An empty account, an open limiter that hurries, the create protocol's clocks shortened."""
    amocrm, feeds = Control(emulators.amocrm_url), Control(emulators.feeds_url)
    amocrm.post("reset", {"settings": True})
    feeds.post("reset", {"settings": True})
    settings.AMOCRM_URL = emulators.amocrm_url
    settings.AMOCRM_ACCESS_TOKEN = "emulator-token"
    settings.AMOCRM_RATE = 1000
    settings.AMOCRM_CALL_DEADLINE = 3
    settings.FEEDS_URL = emulators.feeds_url
    settings.FEEDS_TOKEN = "feeds-token"
    settings.WAREHOUSE_URL = f"duckdb://{tmp_path / 'snapshot'}"
    settings.LOCAL_DIR = tmp_path
    settings.CREATE_SETTLE_TIME = 1
    settings.CREATE_SEND_GAP = 0.5
    settings.CREATE_PREPARED_LEASE = 1
    settings.SYNC_LEASE = 5
    settings.SYNC_PORTION_RECHECK = 0.2
    watermark()
    forget_pace()
    pace().open(after_seconds=0)
    return World(amocrm=amocrm, feeds=feeds, directory=tmp_path / "snapshot")
