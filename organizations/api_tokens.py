"""Tokens of the API: issued once, recognised by their digest, revoked for ever."""

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Q
from django.db.models.functions import Now

from ads.models import Client
from operations import statements
from organizations.actors import Actor
from organizations.models import ApiToken

PREFIX = "amo_"  # so that those who look for leaked secrets know one
SECRET_BYTES = 32  # as long as the digest: nobody finds one by trying
SHOWN = 4  # characters after the prefix that tell tokens of one name apart
LONGEST = 100  # characters; what is longer is none of ours
MOST_CLIENTS = 1_000  # one row is read with each request
# Nobody needs to know it more exactly, and it is a write.
USE = """
UPDATE organizations_apitoken SET used_at = statement_timestamp()
WHERE id = %(id)s AND (used_at IS NULL OR used_at < statement_timestamp() - interval '1 hour')
"""


class TokenRefusedError(Exception):
    """No token is issued; says why, in Russian."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever shows a valid token."""

    token_id: int
    actor: Actor
    client_ids: frozenset[int]

    @property
    def is_authenticated(self) -> bool:
        """What REST framework asks of a user."""
        return True


def issue(*, name: str, client_ids: Collection[int], uid: int | None = None) -> str:
    """A token that acts for these clients. It cannot be shown again. Raises TokenRefusedError."""
    wanted = sorted(set(client_ids))
    if not 0 < len(wanted) <= MOST_CLIENTS:
        raise TokenRefusedError(f"Клиентов у токена от 1 до {MOST_CLIENTS}, указано {len(wanted)}")
    known = set(Client.objects.filter(client_id__in=wanted).values_list("client_id", flat=True))
    if unknown := [each for each in wanted if each not in known]:
        raise TokenRefusedError(f"Таких клиентов нет: {', '.join(map(str, unknown[:10]))}")
    token = PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    ApiToken.objects.create(
        digest=_digest(token),
        start=token[: len(PREFIX) + SHOWN],
        name=name,
        uid=uid,
        client_ids=wanted,
    )
    return token


def revoke(*, token_id: int) -> bool:
    """From now on nobody is let in by it. False: there is no such token that was valid."""
    valid = ApiToken.objects.filter(pk=token_id, revoked_at=None)
    return valid.update(revoked_at=Now()) > 0


def recognise(token: str) -> Caller | None:
    """Who shows this token; None where it is not valid (any more)."""
    if len(token) > LONGEST:
        return None
    row = ApiToken.objects.filter(Q(revoked_at=None), digest=_digest(token)).first()
    if row is None:
        return None
    statements.execute(USE, {"id": row.pk})
    return Caller(row.pk, Actor(name=row.name, uid=row.uid), frozenset(row.client_ids))


def _digest(token: str) -> bytes:
    """Plain SHA-256: of 256 random bits there is nothing to guess, so nothing to slow down."""
    return hashlib.sha256(token.encode()).digest()
