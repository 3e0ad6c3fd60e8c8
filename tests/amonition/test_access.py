import pytest
from django.test import Client
from pytest_django import Settings

from tests.sharded import on_shards

TOKEN = "a-token-of-this-test"
ANOTHER_MACHINE = "203.0.113.7"

pytestmark = on_shards
paths = pytest.mark.parametrize("path", ["/metrics", "/api/schema/"])


def status(client: Client, path: str, *, address: str = "127.0.0.1", **headers: str) -> int:
    return client.get(path, REMOTE_ADDR=address, headers=headers).status_code


@paths
def test_the_token_opens_from_anywhere(client: Client, settings: Settings, path: str) -> None:
    settings.METRICS_TOKEN = TOKEN
    sent = {"Authorization": f"Bearer {TOKEN}", "X-Forwarded-For": ANOTHER_MACHINE}
    assert status(client, path, address=ANOTHER_MACHINE, **sent) == 200


@paths
@pytest.mark.parametrize(
    "sent", ["", TOKEN, "Bearer", "Bearer ", f"Bearer {TOKEN}!", f"Basic {TOKEN}", "Bearer токен"]
)
def test_another_authorization_is_refused_even_on_loopback(
    client: Client, settings: Settings, path: str, sent: str
) -> None:
    settings.METRICS_TOKEN = TOKEN
    assert status(client, path, Authorization=sent) == 403


@paths
@pytest.mark.parametrize("address", ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"])
def test_without_a_token_loopback_is_let_in(client: Client, path: str, address: str) -> None:
    assert status(client, path, address=address) == 200


@paths
@pytest.mark.parametrize("address", [ANOTHER_MACHINE, "10.0.0.1", "::ffff:10.0.0.1", "", "unix:"])
def test_without_a_token_others_are_refused(client: Client, path: str, address: str) -> None:
    assert status(client, path, address=address) == 403


@paths
@pytest.mark.parametrize("trace", ["Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"])
def test_without_a_token_a_proxy_on_this_machine_is_not_loopback(
    client: Client, path: str, trace: str
) -> None:
    assert status(client, path, **{trace: "198.51.100.1"}) == 403


def test_an_empty_bearer_does_not_open_what_has_no_token(client: Client) -> None:
    assert status(client, "/metrics", address=ANOTHER_MACHINE, Authorization="Bearer ") == 403
