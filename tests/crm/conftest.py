"""Our account in amoCRM at the emulator, with a long-lived token or with OAuth."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from crm.connection import pace
from emulators import start_all
from tests.clients.emulated import Control
from tests.crm.emulated import authorise, forget_pace


@pytest.fixture(scope="session")
def emulator_url() -> Iterator[str]:
    emulators = start_all(sellers=1, seed=1)
    yield emulators.amocrm_url
    emulators.stop()


@pytest.fixture
def amocrm(emulator_url: str, settings: Settings) -> Control:
    """A new account, a long-lived token, an open limiter that nobody has to wait for."""
    control = Control(emulator_url)
    control.post("reset", {"settings": True})
    settings.AMOCRM_URL = emulator_url
    settings.AMOCRM_ACCESS_TOKEN = "emulator-token"
    settings.AMOCRM_CLIENT_ID = ""
    settings.AMOCRM_CLIENT_SECRET = ""
    settings.AMOCRM_REDIRECT_URI = ""
    settings.AMOCRM_ACCOUNT_ID = 0
    settings.AMOCRM_RATE = 100
    settings.AMOCRM_CALL_DEADLINE = 5
    forget_pace()
    pace().open(after_seconds=0)
    return control


@pytest.fixture
def unauthorised(amocrm: Control, settings: Settings) -> Control:
    """An OAuth integration that nobody has authorised yet."""
    settings.AMOCRM_ACCESS_TOKEN = ""
    settings.AMOCRM_CLIENT_ID = "emulator-client"
    settings.AMOCRM_CLIENT_SECRET = "emulator-secret"
    settings.AMOCRM_REDIRECT_URI = "https://127.0.0.1/amocrm/oauth"
    pace().open(after_seconds=0)
    return amocrm


@pytest.fixture
def oauth(unauthorised: Control) -> Control:
    """An OAuth integration with fresh tokens. Asks for `db` or `transactional_db` before it."""
    authorise(unauthorised)
    return unauthorised
