"""The client that is handed out: its token, and what a 401 does."""

import logging
from contextlib import closing
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from clients.errors import AuthError
from clients.pacing import Lane
from crm import refreshing, stored_tokens
from crm.configuration import CrmNotConfiguredError
from crm.connection import ready_client
from crm.encryption import UndecipherableError
from crm.models import OAuthToken
from crm.refreshing import TokenDeadError
from operations.models import Alert
from tests.clients.emulated import Control
from tests.crm.emulated import (
    ACCOUNT_READS,
    TOKEN_REQUESTS,
    ask_account,
    asked,
    asked_at_all,
    expire_access_tokens,
)

pytestmark = pytest.mark.django_db


def open_alerts() -> int:
    return Alert.objects.filter(kind=Alert.Kind.TOKEN_DEAD, recovered_at=None).count()


def test_long_lived_token_lets_in(amocrm: Control) -> None:
    assert ask_account().subdomain == "emulator"


def test_dead_long_lived_token_is_not_tried_twice(amocrm: Control) -> None:
    amocrm.post("tokens/revoke", {})
    with pytest.raises(TokenDeadError, match="AMOCRM_ACCESS_TOKEN"):
        ask_account()
    assert asked_at_all(amocrm) == 1
    assert open_alerts() == 1


def test_accepted_token_ends_the_alert(amocrm: Control, settings: Settings) -> None:
    settings.AMOCRM_ACCESS_TOKEN = "mistyped"
    with pytest.raises(TokenDeadError):
        ask_account()
    settings.AMOCRM_ACCESS_TOKEN = "emulator-token"
    ask_account()
    assert open_alerts() == 0


def test_token_that_fits_no_header_is_dead_and_not_shown(
    amocrm: Control, settings: Settings
) -> None:
    settings.AMOCRM_ACCESS_TOKEN = "two\nlines"
    with pytest.raises(TokenDeadError) as refused:
        ask_account()
    assert "lines" not in str(refused.value)
    assert asked_at_all(amocrm) == 0


def test_rotating_token_lets_in(oauth: Control) -> None:
    assert ask_account().subdomain == "emulator"
    assert asked(oauth, TOKEN_REQUESTS) == 1


def test_client_asks_the_database_for_its_token_once(oauth: Control) -> None:
    with closing(ready_client()) as client:
        client.account.get(lane=Lane.INTERACTIVE)
        with CaptureQueriesContext(connection) as queries:
            client.account.get(lane=Lane.INTERACTIVE)
    assert len(queries) == 0


def test_token_is_renewed_a_minute_before_it_ends(oauth: Control) -> None:
    OAuthToken.objects.update(expires_at=timezone.now() + timedelta(seconds=59))
    ask_account()
    assert asked(oauth, TOKEN_REQUESTS) == 2
    assert asked(oauth, ACCOUNT_READS) == 1


def test_token_that_ends_under_a_long_lived_client_is_renewed(oauth: Control) -> None:
    OAuthToken.objects.update(expires_at=timezone.now() + timedelta(seconds=61))
    with closing(ready_client()) as client:
        client.account.get(lane=Lane.INTERACTIVE)
        expire_access_tokens(oauth)
        client.account.get(lane=Lane.INTERACTIVE)
        client.account.get(lane=Lane.INTERACTIVE)
    assert asked(oauth, TOKEN_REQUESTS) == 2
    assert asked(oauth, ACCOUNT_READS) == 4


def test_refused_token_is_replaced_by_the_one_that_somebody_else_renewed(oauth: Control) -> None:
    with closing(ready_client()) as client:
        expire_access_tokens(oauth)
        account = OAuthToken.objects.get().account
        refreshing.renewed(account=account, seen_version=1)
        assert client.account.get(lane=Lane.INTERACTIVE).subdomain == "emulator"
    assert asked(oauth, TOKEN_REQUESTS) == 2


def test_second_401_is_given_up(oauth: Control) -> None:
    oauth.fault("unauthorized", path="/api/v4/account", times=10)
    with pytest.raises(AuthError):
        ask_account()
    assert asked(oauth, ACCOUNT_READS) == 2
    assert open_alerts() == 1
    assert not stored_tokens.load(account=OAuthToken.objects.get().account).is_dead


def test_missing_authorisation_is_told_before_anything_is_asked(unauthorised: Control) -> None:
    with pytest.raises(CrmNotConfiguredError, match="amocrm_authorize"):
        ready_client()
    assert asked_at_all(unauthorised) == 0


def test_tokens_under_a_lost_key_are_told_before_anything_is_asked(
    oauth: Control, settings: Settings
) -> None:
    settings.ENCRYPTION_KEYS = ["A" * 43 + "="]
    with pytest.raises(UndecipherableError, match="ENCRYPTION_KEYS"):
        ready_client()


def test_no_token_gets_into_logs_or_errors(
    oauth: Control, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    account = OAuthToken.objects.get().account
    before = stored_tokens.load(account=account)
    expire_access_tokens(oauth)
    ask_account()
    after = stored_tokens.load(account=account)
    oauth.post("tokens/revoke", {})
    with pytest.raises(TokenDeadError) as refused:
        ask_account()
    shown = "\n".join(
        [str(vars(record)) for record in caplog.records]
        + [str(refused.value), repr(refused.value), *Alert.objects.values_list("text", flat=True)]
    )
    secrets = {before.access, before.refresh, after.access, after.refresh, "emulator-secret"}
    assert {secret for secret in secrets if secret in shown} == set()
    assert "token.renewed" in shown
