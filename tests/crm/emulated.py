"""Our account at the emulator: authorising, asking, and what the emulator has been asked."""

from contextlib import closing

import redis
from django.conf import settings
from django.utils import timezone

from clients.amocrm.account import AccountRecord
from clients.pacing import Lane
from crm import configuration, oauth, stored_tokens
from crm.connection import ready_client
from crm.stored_tokens import StoredTokens
from tests.clients.emulated import Control

ACCOUNT_READS = "GET /api/v4/account"
TOKEN_REQUESTS = "POST /oauth2/access_token"
FIELD_LISTS = "GET /api/v4/companies/custom_fields"
FIELD_CREATES = "POST /api/v4/companies/custom_fields"
FIELD_CHANGES = "PATCH /api/v4/companies/custom_fields/{id:int}"
TWO_DAYS = 48 * 60 * 60  # seconds; access tokens live one


def asked(control: Control, what: str) -> int:
    """How often the emulator was asked this since its reset."""
    requests: dict[str, int] = control.get("audit")["requests"]
    return requests.get(what, 0)


def asked_at_all(control: Control) -> int:
    requests: dict[str, int] = control.get("audit")["requests"]
    return sum(requests.values())


def authorise(control: Control) -> StoredTokens:
    """What `amocrm_authorize` does, with a code that a person got."""
    tokens = oauth.exchange_code(control.post("tokens/code", {})["code"])
    account = configuration.read().account
    stored_tokens.store_first(account=account, tokens=tokens, asked_at=timezone.now())
    return stored_tokens.load(account=account)


def expire_access_tokens(control: Control) -> None:
    """At amoCRM only: our own clock does not know, so the next answer is 401."""
    control.post("clock", {"advance": TWO_DAYS})


def ask_account() -> AccountRecord:
    """One request by a client of its own."""
    with closing(ready_client()) as client:
        return client.account.get(lane=Lane.INTERACTIVE)


def forget_pace() -> None:
    """All that a FLUSHALL takes from us, without harming others on the same server."""
    with redis.Redis.from_url(settings.REDIS_URL) as server:
        keys = list(server.scan_iter("pace:*", count=1000))
        if keys:
            server.delete(*keys)
