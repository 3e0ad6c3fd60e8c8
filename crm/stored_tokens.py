"""OAuth tokens in the database: encrypted, and replaced only by what was made from them."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from clients.amocrm.oauth import Tokens
from crm import encryption
from crm.configuration import CrmNotConfiguredError
from crm.models import OAuthToken

AHEAD = timedelta(seconds=60)  # a token that ends sooner is renewed first
LEAST_LIFETIME = timedelta(seconds=120)  # a shorter one would be renewed before every request


@dataclass(frozen=True, slots=True)
class StoredTokens:
    """A row, decrypted."""

    account: str
    access: str = field(repr=False)
    refresh: str = field(repr=False)
    expires_at: datetime
    version: int
    is_dead: bool

    @property
    def is_ending(self) -> bool:
        """Whether it is time to renew."""
        return timezone.now() + AHEAD >= self.expires_at


def load(*, account: str) -> StoredTokens:
    """Raises CrmNotConfiguredError where nobody has authorised us, UndecipherableError."""
    row = OAuthToken.objects.filter(account=account).first()
    if row is None:
        raise CrmNotConfiguredError(
            f"no tokens for {account}: run `manage.py amocrm_authorize CODE`"
            " or set AMOCRM_ACCESS_TOKEN"
        )
    return StoredTokens(
        account=account,
        access=encryption.decrypt(row.access_token, bound_to=_access(account)),
        refresh=encryption.decrypt(row.refresh_token, bound_to=_refresh(account)),
        expires_at=row.expires_at,
        version=row.version,
        is_dead=row.state == OAuthToken.State.REAUTH_REQUIRED,
    )


def replace(*, account: str, version: int, tokens: Tokens, asked_at: datetime) -> bool:
    """Save what was made from `version`. False: somebody else has replaced that already.

    `asked_at`: when amoCRM was asked, from where its `expires_in` is counted.
    """
    changed = OAuthToken.objects.filter(account=account, version=version).update(
        version=version + 1, **_columns(account, tokens, asked_at)
    )
    return bool(changed)


@transaction.atomic
def store_first(*, account: str, tokens: Tokens, asked_at: datetime) -> None:
    """Save what a person has just authorised, whatever was there."""
    before = OAuthToken.objects.select_for_update().filter(account=account).first()
    OAuthToken.objects.update_or_create(
        account=account,
        defaults={
            "version": 1 if before is None else before.version + 1,
            **_columns(account, tokens, asked_at),
        },
    )


def mark_dead(*, account: str, version: int) -> bool:
    """amoCRM took neither of them. False: somebody has replaced that version meanwhile."""
    changed = OAuthToken.objects.filter(account=account, version=version).update(
        state=OAuthToken.State.REAUTH_REQUIRED
    )
    return bool(changed)


@transaction.atomic
def reencrypt_tokens() -> int:
    """Put every row under the newest key; how many there are. The old key may go after that.

    Raises UndecipherableError where a row needs a key that is not there; nothing is changed then.
    """
    rows = list(OAuthToken.objects.select_for_update().order_by("account"))
    for row in rows:
        row.access_token = encryption.rotate(row.access_token)
        row.refresh_token = encryption.rotate(row.refresh_token)
        row.save(update_fields=["access_token", "refresh_token"])
    return len(rows)


def _columns(account: str, tokens: Tokens, asked_at: datetime) -> dict[str, object]:
    lifetime = max(timedelta(seconds=tokens.expires_in), LEAST_LIFETIME)
    return {
        "access_token": encryption.encrypt(tokens.access_token, bound_to=_access(account)),
        "refresh_token": encryption.encrypt(tokens.refresh_token, bound_to=_refresh(account)),
        "expires_at": asked_at + lifetime,
        "state": OAuthToken.State.OK,
        "refreshed_at": timezone.now(),
    }


def _access(account: str) -> str:
    return f"{account} access"


def _refresh(account: str) -> str:
    return f"{account} refresh"
