"""Who is let in, how often, and what is said to requests that are none."""

import hashlib
from io import StringIO

import pytest
import redis
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from pytest_django import Settings

from organizations import api_tokens
from organizations.api.parsing import MOST_BYTES
from organizations.models import ApiToken
from tests.clients.directory.conftest import Emulated
from tests.organizations.api.conftest import UID, Answered, Api
from tests.sharded import client, on_shards

pytestmark = on_shards

ASKED = {"permalinks": [5]}


def knock(api: Api, **headers: str) -> Answered:
    return api.ask("POST", "/get_info", ASKED, **headers)


def command(*arguments: object) -> str:
    output = StringIO()
    call_command("organizations_token", *map(str, arguments), stdout=output, stderr=StringIO())
    return output.getvalue()


def test_a_token_is_shown_once_and_kept_as_a_digest(client_id: int, emulated: Emulated) -> None:
    token = command("issue", "интерфейс", client_id, "--uid", UID).strip()
    row = ApiToken.objects.get()
    assert (row.name, row.uid, row.client_ids) == ("интерфейс", UID, [client_id])
    assert bytes(row.digest) == hashlib.sha256(token.encode()).digest()
    assert token.startswith(row.start)
    assert token not in command("list")
    assert knock(Api(token)).status == 200
    row.refresh_from_db()
    assert row.used_at is not None


def test_a_revoked_token_opens_nothing(api: Api, emulated: Emulated) -> None:
    assert knock(api).status == 200
    row = ApiToken.objects.get()
    assert "действует" in command("list")
    command("revoke", row.pk)
    assert "отозван" in command("list")
    assert (knock(api).status, knock(api).code) == (401, "token.invalid")
    with pytest.raises(CommandError, match="нет"):
        command("revoke", row.pk)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["кто", 404], "Таких клиентов нет: 404"),
        (["кто", 2**63], "2\\^63"),
        (["кто", 404, "--uid", 0], "Таких"),
        (["кто", 404, "--uid", -1], "2\\^63"),
        ([" ", 404], "Назовите"),
        (["кто", *range(1, 1002)], "1000"),
    ],
)
def test_a_token_for_nobody_is_not_issued(arguments: list[object], why: str) -> None:
    with pytest.raises(CommandError, match=why):
        command("issue", *arguments)
    assert not ApiToken.objects.exists()


@pytest.mark.parametrize(
    "sent",
    ["", "Bearer", "Bearer ", "Bearer wrong", "Basic YTpi", "Bearer " + "x" * 5000, "Bearer \xff"],
)
def test_without_a_valid_token_nobody_is_let_in(api: Api, emulated: Emulated, sent: str) -> None:
    answered = knock(api, Authorization=sent)
    assert (answered.status, answered.code) == (401, "token.invalid")
    assert answered.headers["WWW-Authenticate"] == "Bearer"
    assert emulated.asked() == {}


def test_a_token_that_hurries_waits(api: Api, settings: Settings, emulated: Emulated) -> None:
    other = Api(api_tokens.issue(name="другой", client_ids=[client(shard=1)]))
    settings.ORGANIZATIONS_API_RATE = 0.4  # a burst of two
    assert [knock(api).status for _ in range(3)] == [200, 200, 429]
    refused = knock(api)
    assert refused.code == "request.throttled"
    assert 1 <= int(refused.headers["Retry-After"]) <= 3
    assert knock(other).status == 200


def test_a_pace_is_forgotten_when_nobody_asks(api: Api, settings: Settings) -> None:
    assert api.get("/").status == 404
    with redis.Redis.from_url(settings.REDIS_URL) as server:
        [key] = server.keys(f"throttle:organizations:{ApiToken.objects.get().pk}")
        assert 0 < server.pttl(key) <= 5000


def test_without_redis_everybody_comes_in(api: Api, settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert api.get("/").status == 404


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "text/json"])
def test_a_body_that_is_no_json_is_refused(api: Api, kind: str) -> None:
    answered = knock(api, **{"Content-Type": kind})
    assert (answered.status, answered.code) == (415, "request.media_type")


@pytest.mark.parametrize(
    "body", [b"{", b"\xff", b'{"permalinks": [NaN]}', b"[" * 10_000, b'{"a": "\\ud800"}']
)
def test_malformed_json_is_a_problem(api: Api, body: bytes) -> None:
    answered = api.post("/get_info", body)
    assert (answered.status, answered.code) == (400, "request.malformed")


@pytest.mark.parametrize(
    ("length", "status", "code"),
    [
        (str(MOST_BYTES + 1), 413, "request.too_large"),
        ("-1", 411, "request.length_required"),
        ("many", 411, "request.length_required"),
    ],
)
def test_the_length_of_a_body_is_looked_at_first(
    api: Api, length: str, status: int, code: str
) -> None:
    answered = knock(api, **{"Content-Length": length})
    assert (answered.status, answered.code) == (status, code)


def test_a_body_in_chunks_is_refused(api: Api) -> None:
    answered = knock(api, **{"Transfer-Encoding": "chunked"})
    assert (answered.status, answered.code) == (411, "request.length_required")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "HEAD"])
def test_another_method_is_a_problem_that_names_those_there_are(api: Api, method: str) -> None:
    answered = api.ask(method, "/get_info")
    assert answered.status == 405
    assert answered.headers["Allow"] == "POST"
    if method != "HEAD":
        assert answered.code == "request.method_not_allowed"


@pytest.mark.parametrize("accepted", ["text/html", "application/xml", "*/*;q=0", "%"])
def test_answers_are_json_whatever_is_accepted(api: Api, emulated: Emulated, accepted: str) -> None:
    answered = knock(api, Accept=accepted)
    assert answered.status == 200
    assert answered.headers["Content-Type"] == "application/json"
    assert "no-store" in answered.headers["Cache-Control"]


@pytest.mark.parametrize(
    "path", ["/", "/nothing", "/clients/1/", "/get_info/", "/clients/a/banners"]
)
def test_there_is_nothing_elsewhere(api: Api, path: str) -> None:
    assert api.get(path).code == "not_found"
    assert Api("").get(path).code == "token.invalid"


def test_a_database_that_is_away_is_a_503(api: Api) -> None:
    def away(*_: object) -> object:
        raise OperationalError("gone")

    with connection.execute_wrapper(away):
        answered = api.get("/")
    assert (answered.status, answered.code) == (503, "service.unavailable")
    assert answered.headers["Retry-After"] == "60"
