"""Renewing OAuth tokens: one process at a time, saved before use.

A refresh token is good for one exchange. Two processes that exchange the same one leave one of
them, and after the next exchange both, with a dead token; so does an answer that is lost, unless
amoCRM still takes the old token (its pages contradict each other about that). Hence a lease around
the exchange, a version in the saving, and one more try with the old token after a lost answer.
"""

import logging
import time
from datetime import datetime

from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from clients.amocrm.oauth import Tokens
from clients.errors import AuthError, NotSentError, TransientError, UnknownOutcomeError
from crm import oauth, stored_tokens
from crm.stored_tokens import StoredTokens
from operations import alerts, failpoints, leases
from operations.models import Alert

logger = logging.getLogger(__name__)

LEASE = "crm.token"
LEASE_SECONDS = 90.0  # two exchanges, each 10 s for a slot, 10 s to connect and 15 s for the answer
WAIT_SECONDS = 20.0  # for another process's exchange; usually it takes less than one
POLL_SECONDS = 0.1  # an exchange takes some tenths of a second
SAVE_PAUSES = (0.2, 0.5, 1.0, 2.0)  # seconds; what is not saved now is lost for good


class TokenDeadError(AuthError):
    """amoCRM takes our token no more, and there is no other: a person has to help."""

    def __init__(self, detail: str) -> None:
        super().__init__(service="amocrm", call="token", detail=detail, status=401)


def renewed(*, account: str, seen_version: int, patience: float = WAIT_SECONDS) -> StoredTokens:
    """Tokens newer than `seen_version`: somebody else's where there are some, else new ones.

    `patience`: seconds to wait for another process that is renewing them.
    Raises TokenDeadError; NotSentError where they could not be renewed this time; other errors of
    the exchange (429, 403, no slot). In none of these cases was the call sent that needs the token.
    """
    deadline = time.monotonic() + patience
    while True:
        with leases.held(name=LEASE, seconds=LEASE_SECONDS) as holder:
            # Durable: what is saved after the exchange must not be rolled back by a caller.
            with transaction.atomic(durable=True):
                current = _usable(account)
            if current.version != seen_version:
                return current
            if holder is not None:
                return _renew(current)
        if time.monotonic() > deadline:
            raise NotSentError(
                service="amocrm", call="token", detail="another process is renewing the token"
            )
        time.sleep(POLL_SECONDS)


def _renew(current: StoredTokens) -> StoredTokens:
    """Under the lease."""
    asked_at = timezone.now()
    try:
        tokens = _exchanged(current.refresh)
    except AuthError as error:
        return _refused(current, error)
    failpoints.reach("token.renewed")
    account = current.account
    if not _save(account, current.version, tokens, asked_at):
        logger.warning("token.outrun", extra={"account": account})  # we held the lease too long
    failpoints.reach("token.saved")
    alerts.recover(kind=Alert.Kind.TOKEN_DEAD)
    logger.info("token.renewed", extra={"account": account, "version": current.version + 1})
    return stored_tokens.load(account=account)


def _exchanged(refresh: str) -> Tokens:
    try:
        return oauth.refresh(refresh)
    except (UnknownOutcomeError, TransientError, NotSentError) as error:
        logger.warning("token.answer_lost", extra={"error": str(error)})
    try:
        return oauth.refresh(refresh)
    except (UnknownOutcomeError, TransientError) as error:
        # Of the exchange nobody knows; the caller's own request has certainly not left.
        raise NotSentError(service=error.service, call=error.call, detail=error.detail) from error


def _refused(current: StoredTokens, error: AuthError) -> StoredTokens:
    if not stored_tokens.mark_dead(account=current.account, version=current.version):
        return _usable(current.account)
    alerts.raise_alert(
        kind=Alert.Kind.TOKEN_DEAD,
        text=f"amoCRM не обновила токен: {error.detail}. Нужна команда amocrm_authorize",
    )
    raise _dead(error.detail) from error


def _save(account: str, version: int, tokens: Tokens, asked_at: datetime) -> bool:
    """Save, also over a database that is away for a moment."""
    for pause in SAVE_PAUSES:
        try:
            return stored_tokens.replace(
                account=account, version=version, tokens=tokens, asked_at=asked_at
            )
        except (OperationalError, InterfaceError) as error:
            logger.warning("token.not_saved_yet", extra={"error": type(error).__name__})
            connection.close()
            time.sleep(pause)
    return stored_tokens.replace(account=account, version=version, tokens=tokens, asked_at=asked_at)


def _usable(account: str) -> StoredTokens:
    current = stored_tokens.load(account=account)
    if current.is_dead:
        raise _dead("new authorisation required")
    return current


def _dead(detail: str) -> TokenDeadError:
    return TokenDeadError(f"{detail} (manage.py amocrm_authorize CODE)")
