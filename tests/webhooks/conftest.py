"""The office: emulators that know thirty sellers, and settings that lead there."""

from collections.abc import Iterator
from contextlib import closing

import pytest
from pytest_django import Settings

from companies import fielding
from companies.fielding import Vocabulary
from crm.connection import pace, ready_client
from crm.stages import stages
from emulators import Emulators, start_all
from tests.crm.emulated import forget_pace
from tests.webhooks.bodies import ACCOUNT_ID
from tests.webhooks.office import SECRET, Office
from tests.webhooks.office import office as opened
from tests.world import watermark
from webhooks import spool
from webhooks.bell import bell


@pytest.fixture(scope="session")
def busy_emulators() -> Iterator[Emulators]:
    """All emulated services, in this process."""
    started = start_all(sellers=30, seed=1)
    yield started
    started.stop()


@pytest.fixture
def office(
    busy_emulators: Emulators, transactional_db: None, settings: Settings
) -> Iterator[Office]:
    """An empty account, an open limiter that hurries, no waiting for echoes."""
    made = opened(busy_emulators)
    settings.AMOCRM_URL = busy_emulators.amocrm_url
    settings.AMOCRM_ACCESS_TOKEN = "emulator-token"
    settings.AMOCRM_ACCOUNT_ID = ACCOUNT_ID
    settings.AMOCRM_RATE = 1000
    settings.AMOCRM_CALL_DEADLINE = 3
    settings.AMOCRM_LEAD_PROFILE_URL_FIELD = "Ссылка на профиль"
    settings.AMOCRM_LEAD_PHONE_FIELD = "Телефон для выгрузки"
    settings.WEBHOOK_SECRETS = [SECRET, "another-secret-that-still-opens"]
    settings.WEBHOOK_ECHO_WAIT = 0
    settings.WEBHOOK_REFRESH_GAP = 0
    settings.WEBHOOK_SETTLE_TIME = 0.1
    for name in ("SNATCHER", "SELLERS", "OFFERS", "FEEDS"):
        setattr(settings, f"{name}_URL", getattr(busy_emulators, f"{name.lower()}_url"))
        setattr(settings, f"{name}_TOKEN", "token")
    watermark()
    forget_pace()
    stages.forget()
    spool.clear()
    pace().open(after_seconds=0)
    with closing(ready_client()) as client:
        words = Vocabulary(frozenset({"active"}), frozenset())
        fielding.prepare(client=client, words=words)
    yield made
    assert bell.rest(seconds=10)
