"""The operator's commands about the account."""

import json
from io import StringIO

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from pytest_django import Settings

from crm import flood_block
from crm.connection import pace
from crm.models import OAuthToken
from tests.clients.emulated import Control
from tests.crm.emulated import ask_account, asked_at_all

pytestmark = pytest.mark.django_db


def run(*words: str) -> str:
    printed = StringIO()
    call_command(*words, stdout=printed)
    return printed.getvalue()


def new_code(control: Control) -> str:
    return str(control.post("tokens/code", {})["code"])


def test_code_is_exchanged_for_tokens_that_let_in(unauthorised: Control) -> None:
    printed = run("amocrm_authorize", new_code(unauthorised))
    assert ask_account().subdomain == "emulator"
    assert "сохранены" in printed


def test_json_tells_the_account_and_no_token(unauthorised: Control) -> None:
    told = json.loads(run("amocrm_authorize", new_code(unauthorised), "--json"))
    assert told == {"account": OAuthToken.objects.get().account, "authorised": True}


def test_spent_code_is_told_without_showing_it(unauthorised: Control) -> None:
    code = new_code(unauthorised)
    run("amocrm_authorize", code)
    with pytest.raises(CommandError, match="revoked") as refused:
        run("amocrm_authorize", code)
    assert code not in str(refused.value)


def test_code_is_not_spent_where_tokens_could_not_be_kept(
    unauthorised: Control, settings: Settings
) -> None:
    settings.ENCRYPTION_KEYS = []
    with pytest.raises(CommandError, match="ENCRYPTION_KEYS"):
        run("amocrm_authorize", new_code(unauthorised))
    assert asked_at_all(unauthorised) == 0


def test_missing_integration_is_named(unauthorised: Control, settings: Settings) -> None:
    settings.AMOCRM_CLIENT_SECRET = ""
    with pytest.raises(CommandError, match="AMOCRM_CLIENT_SECRET"):
        run("amocrm_authorize", "code")


def test_long_lived_token_that_goes_first_is_told(
    unauthorised: Control, settings: Settings
) -> None:
    settings.AMOCRM_ACCESS_TOKEN = "emulator-token"
    assert "AMOCRM_ACCESS_TOKEN" in run("amocrm_authorize", new_code(unauthorised))


def test_block_is_not_lifted_without_yes(amocrm: Control) -> None:
    flood_block.record(reason="403")
    with pytest.raises(CommandError, match="--yes"):
        run("amocrm_open")
    assert flood_block.is_blocked()


def test_block_is_lifted_with_yes(amocrm: Control) -> None:
    flood_block.record(reason="403")
    assert run("amocrm_open", "--yes") == "Блокировка снята\n"
    assert pace().state().open
    assert json.loads(run("amocrm_open", "--yes", "--json")) == {"lifted": False}


def test_block_is_kept_while_redis_is_away(amocrm: Control, settings: Settings) -> None:
    flood_block.record(reason="403")
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    with pytest.raises(CommandError, match="Redis"):
        run("amocrm_open", "--yes")
    assert flood_block.is_blocked()


def test_rotation_tells_how_much_it_did(oauth: Control, settings: Settings) -> None:
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode(), *settings.ENCRYPTION_KEYS]
    assert run("rotate_encryption") == "Перешифровано аккаунтов: 1\n"
    assert json.loads(run("rotate_encryption", "--json")) == {"reencrypted": 1}
    settings.ENCRYPTION_KEYS = settings.ENCRYPTION_KEYS[:1]
    assert ask_account().subdomain == "emulator"


def test_rotation_without_the_old_key_says_that_nothing_was_changed(
    oauth: Control, settings: Settings
) -> None:
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(CommandError, match="Ничего не изменено"):
        run("rotate_encryption")


def test_lifting_without_an_account_is_told(settings: Settings) -> None:
    settings.AMOCRM_URL = ""
    with pytest.raises(CommandError, match="AMOCRM_URL"):
        run("amocrm_open", "--yes")
