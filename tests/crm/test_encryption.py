"""Secrets at rest."""

import pytest
from cryptography.fernet import Fernet
from hypothesis import assume, given
from hypothesis import strategies as st
from pytest_django import Settings

from crm import encryption
from crm.encryption import EncryptionKeysError, UndecipherableError

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
OWNERS = st.text(st.characters(exclude_categories=["Cs"]))


@given(secret=OWNERS, owner=OWNERS)
def test_secret_is_read_back(secret: str, owner: str) -> None:
    ciphertext = encryption.encrypt(secret, bound_to=owner)
    assert encryption.decrypt(ciphertext, bound_to=owner) == secret


@given(owner=OWNERS, other=OWNERS)
def test_secret_is_read_for_its_owner_only(owner: str, other: str) -> None:
    assume(owner != other)
    ciphertext = encryption.encrypt("secret", bound_to=owner)
    with pytest.raises(UndecipherableError, match="belongs to"):
        encryption.decrypt(ciphertext, bound_to=other)


def test_secret_is_unreadable_without_its_key(settings: Settings) -> None:
    settings.ENCRYPTION_KEYS = [OLD]
    ciphertext = encryption.encrypt("secret", bound_to="us")
    settings.ENCRYPTION_KEYS = [NEW]
    with pytest.raises(UndecipherableError, match="none of ENCRYPTION_KEYS"):
        encryption.decrypt(ciphertext, bound_to="us")


def test_older_key_still_reads_and_the_newest_writes(settings: Settings) -> None:
    settings.ENCRYPTION_KEYS = [OLD]
    before = encryption.encrypt("before", bound_to="us")
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    after = encryption.encrypt("after", bound_to="us")
    assert encryption.decrypt(before, bound_to="us") == "before"
    settings.ENCRYPTION_KEYS = [NEW]
    assert encryption.decrypt(after, bound_to="us") == "after"


def test_missing_keys_are_named(settings: Settings) -> None:
    settings.ENCRYPTION_KEYS = []
    with pytest.raises(EncryptionKeysError, match="ENCRYPTION_KEYS: not set"):
        encryption.check_keys()


@pytest.mark.parametrize(
    "key", ["short", "ключ", "=" * 44, NEW[:-2]], ids=lambda key: str(len(key))
)
def test_malformed_key_is_named_by_its_place_and_not_shown(settings: Settings, key: str) -> None:
    settings.ENCRYPTION_KEYS = [NEW, key]
    with pytest.raises(EncryptionKeysError, match="key 2") as refused:
        encryption.encrypt("secret", bound_to="us")
    assert key not in str(refused.value)


@pytest.mark.parametrize("ciphertext", ["", "no ciphertext", "gAAAA"])
def test_what_is_no_ciphertext_is_not_read(ciphertext: str) -> None:
    with pytest.raises(UndecipherableError):
        encryption.decrypt(ciphertext, bound_to="us")
