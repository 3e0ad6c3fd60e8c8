"""Secrets at rest: Fernet with the keys of ENCRYPTION_KEYS, the newest first.

Fernet knows no associated data, so what a secret belongs to is inside the plaintext and is checked:
a ciphertext copied to another row, or an access token put in the place of a refresh token, is not
read.
"""

import orjson
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

ADVICE = 'python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"'


class EncryptionKeysError(ImproperlyConfigured):
    """ENCRYPTION_KEYS is empty, or holds something that is no Fernet key."""


class UndecipherableError(ImproperlyConfigured):
    """None of the keys fits, or the secret belongs to something else."""


def encrypt(secret: str, *, bound_to: str) -> str:
    """The secret under the newest key, readable only as that of `bound_to`."""
    return _fernet().encrypt(orjson.dumps([bound_to, secret])).decode("ascii")


def decrypt(ciphertext: str, *, bound_to: str) -> str:
    """Raises UndecipherableError, EncryptionKeysError."""
    try:
        owner, secret = orjson.loads(_fernet().decrypt(ciphertext.encode("ascii")))
    except InvalidToken:
        # `from None`: a traceback with locals must not show the ciphertext twice.
        raise UndecipherableError(f"{bound_to}: none of ENCRYPTION_KEYS fits") from None
    if owner != bound_to:
        raise UndecipherableError(f"{bound_to}: the ciphertext belongs to {owner}")
    return str(secret)


def rotate(ciphertext: str) -> str:
    """The same secret under the newest key. Raises UndecipherableError, EncryptionKeysError."""
    try:
        return _fernet().rotate(ciphertext.encode("ascii")).decode("ascii")
    except InvalidToken:
        raise UndecipherableError("none of ENCRYPTION_KEYS fits") from None


def check_keys() -> None:
    """Raises EncryptionKeysError, which names the variable and the place, never a key."""
    _fernet()


def _fernet() -> MultiFernet:
    keys: list[str] = settings.ENCRYPTION_KEYS
    if not keys:
        raise EncryptionKeysError(f"ENCRYPTION_KEYS: not set. A new key: {ADVICE}")
    return MultiFernet([_key(number, key) for number, key in enumerate(keys, 1)])


def _key(number: int, key: str) -> Fernet:
    try:
        return Fernet(key)
    except ValueError:
        raise EncryptionKeysError(
            f"ENCRYPTION_KEYS: key {number} is no Fernet key (32 bytes in urlsafe base64)."
            f" A new key: {ADVICE}"
        ) from None
