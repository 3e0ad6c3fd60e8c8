"""Tokens in the database."""

from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from django.db.models import F
from django.utils import timezone
from pytest_django import Settings

from clients.amocrm.oauth import Tokens
from crm import stored_tokens
from crm.configuration import CrmNotConfiguredError
from crm.encryption import UndecipherableError
from crm.models import OAuthToken

pytestmark = pytest.mark.django_db

ACCOUNT = "example.amocrm.ru"
FIRST = Tokens("access-1", "refresh-1", 86400)
SECOND = Tokens("access-2", "refresh-2", 86400)
KEYS = [Fernet.generate_key().decode() for _ in range(2)]


def store(tokens: Tokens) -> None:
    stored_tokens.store_first(account=ACCOUNT, tokens=tokens, asked_at=timezone.now())


def test_stored_tokens_are_read_back() -> None:
    store(FIRST)
    stored = stored_tokens.load(account=ACCOUNT)
    assert (stored.access, stored.refresh) == ("access-1", "refresh-1")
    assert not stored.is_dead
    assert not stored.is_ending


def test_missing_tokens_say_what_to_do() -> None:
    with pytest.raises(CrmNotConfiguredError, match=r"amocrm_authorize.*AMOCRM_ACCESS_TOKEN"):
        stored_tokens.load(account=ACCOUNT)


def test_row_holds_no_readable_token() -> None:
    store(FIRST)
    row = OAuthToken.objects.values().get()
    assert "access-1" not in str(row)
    assert "refresh-1" not in str(row)


def test_tokens_are_absent_from_repr() -> None:
    store(FIRST)
    shown = repr(stored_tokens.load(account=ACCOUNT))
    assert "access-1" not in shown
    assert "refresh-1" not in shown


def test_tokens_of_another_account_are_not_read() -> None:
    store(FIRST)
    OAuthToken.objects.update(account="stranger.amocrm.ru")
    with pytest.raises(UndecipherableError):
        stored_tokens.load(account="stranger.amocrm.ru")


def test_access_token_in_the_place_of_the_refresh_token_is_not_read() -> None:
    store(FIRST)
    OAuthToken.objects.update(refresh_token=F("access_token"))
    with pytest.raises(UndecipherableError):
        stored_tokens.load(account=ACCOUNT)


def test_token_is_ending_a_minute_ahead() -> None:
    asked_at = timezone.now() - timedelta(seconds=86400 - 59)
    stored_tokens.store_first(account=ACCOUNT, tokens=FIRST, asked_at=asked_at)
    assert stored_tokens.load(account=ACCOUNT).is_ending


def test_absurdly_short_life_does_not_end_at_once() -> None:
    store(Tokens("access", "refresh", 1))
    assert not stored_tokens.load(account=ACCOUNT).is_ending


def test_tokens_made_from_an_older_version_are_not_saved() -> None:
    store(FIRST)
    seen = stored_tokens.load(account=ACCOUNT).version
    now = timezone.now()
    assert stored_tokens.replace(account=ACCOUNT, version=seen, tokens=SECOND, asked_at=now)
    assert not stored_tokens.replace(account=ACCOUNT, version=seen, tokens=FIRST, asked_at=now)
    assert stored_tokens.load(account=ACCOUNT).access == "access-2"


def test_new_authorisation_outdates_a_refresh_that_is_under_way() -> None:
    store(FIRST)
    seen = stored_tokens.load(account=ACCOUNT).version
    store(SECOND)
    assert not stored_tokens.replace(
        account=ACCOUNT, version=seen, tokens=FIRST, asked_at=timezone.now()
    )


def test_only_the_version_that_was_refused_is_marked_dead() -> None:
    store(FIRST)
    seen = stored_tokens.load(account=ACCOUNT).version
    store(SECOND)
    assert not stored_tokens.mark_dead(account=ACCOUNT, version=seen)
    assert not stored_tokens.load(account=ACCOUNT).is_dead


def test_late_answer_brings_a_dead_token_back() -> None:
    store(FIRST)
    seen = stored_tokens.load(account=ACCOUNT).version
    stored_tokens.mark_dead(account=ACCOUNT, version=seen)
    stored_tokens.replace(account=ACCOUNT, version=seen, tokens=SECOND, asked_at=timezone.now())
    assert not stored_tokens.load(account=ACCOUNT).is_dead


def test_rotation_makes_the_old_key_superfluous(settings: Settings) -> None:
    new, old = KEYS
    settings.ENCRYPTION_KEYS = [old]
    store(FIRST)
    settings.ENCRYPTION_KEYS = [new, old]
    assert stored_tokens.reencrypt_tokens() == 1
    settings.ENCRYPTION_KEYS = [new]
    assert stored_tokens.load(account=ACCOUNT).refresh == "refresh-1"


def test_rotation_without_the_old_key_changes_nothing(settings: Settings) -> None:
    new, old = KEYS
    settings.ENCRYPTION_KEYS = [old]
    store(FIRST)
    before = OAuthToken.objects.values().get()
    settings.ENCRYPTION_KEYS = [new]
    with pytest.raises(UndecipherableError):
        stored_tokens.reencrypt_tokens()
    assert OAuthToken.objects.values().get() == before
