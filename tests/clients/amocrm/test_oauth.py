"""Tokens: got for a code, changed for new ones, refused in words."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from clients.amocrm.client import AmoCrm
from clients.amocrm.oauth import OAuth, Tokens
from clients.errors import (
    AuthError,
    FloodBlockError,
    NotSentError,
    RateLimitedError,
    ServiceError,
    UnknownOutcomeError,
)
from clients.pacing import Lane
from clients.transport import Transport
from tests.clients.amocrm.conftest import Account
from tests.clients.scripted_server import reply
from tests.clients.talking import answering, talking


def oauth_of(transport: Transport) -> OAuth:
    return OAuth(
        transport,
        client_id="emulator-client",
        client_secret="emulator-secret",
        redirect_uri="https://127.0.0.1/amocrm/oauth",
    )


@pytest.fixture
def oauth(account: Account) -> Iterator[OAuth]:
    with closing(Transport(service="amocrm", base_url=account.url, pace=account.pace)) as transport:
        yield oauth_of(transport)


def test_code_brings_tokens_that_let_in(account: Account, crm: AmoCrm, oauth: OAuth) -> None:
    code = account.control.post("tokens/code", {})["code"]
    tokens = oauth.exchange(code)
    account.token = tokens.access_token
    assert crm.account.get(lane=Lane.BULK).subdomain == "emulator"
    assert tokens.expires_in == 86400


def test_refresh_brings_new_tokens(account: Account, oauth: OAuth) -> None:
    first = oauth.exchange(account.control.post("tokens/code", {})["code"])
    second = oauth.refresh(first.refresh_token)
    assert second.refresh_token != first.refresh_token
    assert second.access_token != first.access_token


def test_token_endpoint_is_asked_urgently_and_in_turn(account: Account, oauth: OAuth) -> None:
    oauth.exchange(account.control.post("tokens/code", {})["code"])
    assert account.pace.lanes == [Lane.INTERACTIVE]


def test_spent_code_is_refused_with_the_hint(account: Account, oauth: OAuth) -> None:
    code = account.control.post("tokens/code", {})["code"]
    oauth.exchange(code)
    with pytest.raises(AuthError, match="Authorization code has been revoked") as refused:
        oauth.exchange(code)
    assert refused.value.status == 400
    assert code not in str(refused.value)


def test_spent_refresh_token_is_refused_with_the_hint(account: Account, oauth: OAuth) -> None:
    account.control.settings(token_mode="strict")
    first = oauth.exchange(account.control.post("tokens/code", {})["code"])
    oauth.refresh(first.refresh_token)
    with pytest.raises(AuthError, match="Token has been revoked") as refused:
        oauth.refresh(first.refresh_token)
    assert refused.value.status == 401


@pytest.mark.parametrize("kind", ["reset_after_commit", "html_200", "no_content"])
def test_lost_answer_is_unknown_and_the_old_token_may_still_work(
    account: Account, oauth: OAuth, kind: str
) -> None:
    first = oauth.exchange(account.control.post("tokens/code", {})["code"])
    account.control.fault(kind, path="/oauth2")
    with pytest.raises(UnknownOutcomeError):
        oauth.refresh(first.refresh_token)
    assert oauth.refresh(first.refresh_token).refresh_token


@pytest.mark.parametrize("body", [b"<html>", b"", b'{"hint":"no"}'])
def test_any_403_of_the_token_endpoint_is_the_flood_block(body: bytes) -> None:
    with (
        talking(answering(reply(body, "403 Forbidden"))) as (transport, _),
        pytest.raises(FloodBlockError),
    ):
        oauth_of(transport).refresh("old")


def test_flood_block_closes_everything(account: Account, oauth: OAuth) -> None:
    account.control.post("flood_block", {"blocked": True})
    with pytest.raises(FloodBlockError):
        oauth.refresh("old")
    assert len(account.pace.closed) == 1


@pytest.mark.parametrize(
    ("status", "error"),
    [("429 Slow", RateLimitedError), ("500 Oops", UnknownOutcomeError)],
)
def test_other_statuses_mean_what_they_mean_everywhere(
    status: str, error: type[ServiceError]
) -> None:
    with talking(answering(reply(b"", status))) as (transport, _), pytest.raises(error):
        oauth_of(transport).refresh("old")


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"access_token":"a","refresh_token":"r"}',
        b'{"access_token":"a","refresh_token":"r","expires_in":"86400"}',
        b'{"access_token":null,"refresh_token":"r","expires_in":86400}',
    ],
)
def test_incomplete_tokens_are_an_unknown_outcome(body: bytes) -> None:
    with talking(answering(reply(body))) as (transport, _), pytest.raises(UnknownOutcomeError):
        oauth_of(transport).refresh("old")


def test_unreachable_token_endpoint_leaves_the_token_unspent() -> None:
    with talking() as (transport, server):
        server.stop()
        with pytest.raises(NotSentError):
            oauth_of(transport).refresh("old")


def test_tokens_do_not_show_themselves() -> None:
    assert "secret" not in repr(Tokens("secret", "secret", 1))
