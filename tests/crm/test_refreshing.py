"""Renewing OAuth tokens: by many at once, and when amoCRM's answer is lost."""

import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from clients.errors import AuthError, FloodBlockError, NotSentError
from crm import oauth as endpoint
from crm import refreshing, stored_tokens
from crm.models import OAuthToken
from crm.refreshing import LEASE, TokenDeadError
from crm.stored_tokens import StoredTokens
from operations import leases
from operations.models import Alert, Lease
from tests.clients.emulated import Control
from tests.crm.emulated import TOKEN_REQUESTS, ask_account, asked, authorise, expire_access_tokens
from tests.crm.processes import ask_account_at_once
from tests.crm.threads import at_once
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db
committed = pytest.mark.django_db(transaction=True)  # other connections see the rows

FIRST = 1  # the request that brought the first tokens
ALWAYS = None


def refreshes(control: Control) -> int:
    return asked(control, TOKEN_REQUESTS) - FIRST


def stored() -> StoredTokens:
    return stored_tokens.load(account=OAuthToken.objects.get().account)


def renew(seen: StoredTokens, *, patience: float = 5) -> StoredTokens:
    return refreshing.renewed(account=seen.account, seen_version=seen.version, patience=patience)


def is_alerted() -> bool:
    return Alert.objects.filter(kind=Alert.Kind.TOKEN_DEAD, recovered_at=None).exists()


# Many at once


@committed
def test_threads_that_are_refused_together_renew_once(oauth: Control) -> None:
    oauth.settings(token_mode="strict", latency_ms=100)
    expire_access_tokens(oauth)
    answers = at_once(lambda: ask_account().subdomain, threads=6)
    assert answers == ["emulator"] * 6
    assert refreshes(oauth) == 1


@committed
def test_processes_that_are_refused_together_renew_once(oauth: Control) -> None:
    oauth.settings(token_mode="strict", latency_ms=100)
    expire_access_tokens(oauth)
    assert ask_account_at_once(processes=2) == ["emulator"] * 2
    assert refreshes(oauth) == 1
    assert stored().version == 2


@committed
def test_without_the_lease_one_of_two_is_left_with_a_dead_token(oauth: Control) -> None:
    """The twin: the same exchange, and nothing that holds the two apart."""
    oauth.settings(token_mode="strict", latency_ms=100)
    seen = stored()
    with pytest.raises(AuthError, match="revoked"):
        at_once(lambda: endpoint.refresh(seen.refresh), threads=2)
    assert refreshes(oauth) == 2


def test_tokens_that_somebody_else_renewed_are_taken_as_they_are(oauth: Control) -> None:
    seen = stored()
    theirs = renew(seen)
    assert renew(seen) == theirs
    assert refreshes(oauth) == 1


def test_waiting_for_another_process_has_an_end(oauth: Control) -> None:
    leases.acquire(name=LEASE, holder=uuid.uuid4(), seconds=60)
    started = time.monotonic()
    with pytest.raises(NotSentError, match="another process"):
        renew(stored(), patience=0.3)
    assert time.monotonic() - started < 5
    assert refreshes(oauth) == 0


def test_process_that_died_while_renewing_is_outlived(oauth: Control) -> None:
    leases.acquire(name=LEASE, holder=uuid.uuid4(), seconds=60)
    Lease.objects.update(until=timezone.now() - timedelta(seconds=1))
    assert renew(stored()).version == 2


@committed
def test_one_who_held_the_lease_too_long_takes_what_the_next_one_saved(oauth: Control) -> None:
    seen = stored()
    oauth.fault("slow_answer", path="/oauth2", seconds=1.0)
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(_in_thread, lambda: renew(seen))
        wait_until(lambda: refreshes(oauth) == 1, seconds=5, what="the slow exchange")
        Lease.objects.all().delete()
        quick = renew(seen)
        assert slow.result() == quick


# Lost answers


def test_lost_answer_is_made_good_by_the_old_token_in_grace(oauth: Control) -> None:
    oauth.settings(token_mode="grace")
    oauth.fault("reset_after_commit", path="/oauth2")
    seen = stored()
    assert renew(seen).access != seen.access
    assert refreshes(oauth) == 2
    assert not is_alerted()


def test_lost_answer_in_strict_mode_needs_a_person(oauth: Control) -> None:
    oauth.settings(token_mode="strict")
    oauth.fault("reset_after_commit", path="/oauth2")
    with pytest.raises(TokenDeadError, match="Token has been revoked"):
        renew(stored())
    assert OAuthToken.objects.get().state == OAuthToken.State.REAUTH_REQUIRED
    assert is_alerted()


def test_dead_token_is_not_tried_again(oauth: Control) -> None:
    oauth.post("tokens/revoke", {})
    expire_access_tokens(oauth)
    with pytest.raises(TokenDeadError):
        ask_account()
    before = oauth.get("audit")["requests"]
    with pytest.raises(TokenDeadError, match="amocrm_authorize"):
        ask_account()
    assert oauth.get("audit")["requests"] == before


def test_new_authorisation_ends_the_alert(oauth: Control) -> None:
    oauth.post("tokens/revoke", {})
    with pytest.raises(TokenDeadError):
        renew(stored())
    authorise(oauth)
    assert ask_account().subdomain == "emulator"
    assert not is_alerted()


def test_two_lost_answers_leave_the_old_token_for_later(oauth: Control) -> None:
    oauth.fault("reset_before_commit", path="/oauth2", times=2)
    with pytest.raises(NotSentError):
        renew(stored())
    assert refreshes(oauth) == 2
    assert not is_alerted()
    assert renew(stored()).version == 2


def test_flood_block_at_the_token_endpoint_leaves_the_token_alone(oauth: Control) -> None:
    oauth.post("flood_block", {"blocked": True})
    with pytest.raises(FloodBlockError):
        renew(stored())
    assert not stored().is_dead


# Saving


@committed
def test_new_tokens_survive_a_database_connection_that_was_lost_meanwhile(oauth: Control) -> None:
    oauth.settings(token_mode="strict")
    oauth.fault("slow_answer", path="/oauth2", seconds=1.0)
    seen = stored()
    with ThreadPoolExecutor(1) as pool:
        renewing = pool.submit(_in_thread, lambda: renew(seen))
        wait_until(lambda: refreshes(oauth) == 1, seconds=5, what="the exchange")
        _end_other_connections()
        assert renewing.result().version == 2
    assert renew(stored()).version == 3


@committed
def test_nothing_is_exchanged_inside_a_transaction_that_could_be_rolled_back(
    oauth: Control,
) -> None:
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        renew(stored())
    assert refreshes(oauth) == 0


def _in_thread(work: Callable[[], StoredTokens]) -> StoredTokens:
    try:
        return work()
    finally:
        connection.close()


def _end_other_connections() -> None:
    """As a restart of PostgreSQL does."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
