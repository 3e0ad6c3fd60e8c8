"""Our account in amoCRM at the emulator, with a long-lived token or with OAuth."""

import pytest
from pytest_django import Settings

from crm.connection import pace
from emulators import Emulators
from tests.clients.emulated import Control
from tests.crm.emulated import authorise, forget_pace


@pytest.fixture
def amocrm(emulators: Emulators, settings: Settings) -> Control:
    """A new account, a long-lived token, an open limiter that nobody has to wait for."""
    control = Control(emulators.amocrm_url)
    control.post("reset", {"settings": True})
    settings.AMOCRM_URL = emulators.amocrm_url
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
