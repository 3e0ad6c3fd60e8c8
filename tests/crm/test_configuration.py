"""What has to be set before amoCRM can be asked."""

import pytest
from pytest_django import Settings

from crm import configuration
from crm.configuration import CrmNotConfiguredError


@pytest.fixture(autouse=True)
def nothing_set(settings: Settings) -> None:
    settings.AMOCRM_URL = "https://example.amocrm.ru"
    settings.AMOCRM_ACCESS_TOKEN = ""
    settings.AMOCRM_CLIENT_ID = ""
    settings.AMOCRM_CLIENT_SECRET = ""
    settings.AMOCRM_REDIRECT_URI = ""


def test_missing_url_is_named(settings: Settings) -> None:
    settings.AMOCRM_URL = ""
    with pytest.raises(CrmNotConfiguredError, match="AMOCRM_URL: not set"):
        configuration.read()


def test_every_missing_variable_is_named(settings: Settings) -> None:
    settings.AMOCRM_CLIENT_ID = "integration"
    with pytest.raises(
        CrmNotConfiguredError,
        match=r"^AMOCRM_CLIENT_SECRET, AMOCRM_REDIRECT_URI: not set.*AMOCRM_ACCESS_TOKEN",
    ):
        configuration.read()


def test_long_lived_token_is_enough(settings: Settings) -> None:
    settings.AMOCRM_ACCESS_TOKEN = "long"
    config = configuration.read()
    assert config.is_long_lived
    assert config.account == "example.amocrm.ru"


def test_long_lived_token_is_not_enough_for_authorising(settings: Settings) -> None:
    settings.AMOCRM_ACCESS_TOKEN = "long"
    with pytest.raises(CrmNotConfiguredError, match="AMOCRM_CLIENT_ID"):
        configuration.read_oauth()


def test_two_integrations_in_one_account_keep_a_pace_each(settings: Settings) -> None:
    settings.AMOCRM_ACCESS_TOKEN = "long"
    unnamed = configuration.read().integration
    settings.AMOCRM_CLIENT_ID = "integration"
    assert configuration.read().integration == "example.amocrm.ru/integration"
    assert unnamed != "example.amocrm.ru/integration"


def test_incomplete_configuration_is_no_error_for_who_only_asks(settings: Settings) -> None:
    assert not configuration.is_complete()
    settings.AMOCRM_ACCESS_TOKEN = "long"
    assert configuration.is_complete()
