"""Snatcher: one transfer for one key, whatever became of the answer."""

import orjson
import pytest

from clients.errors import (
    NotSentError,
    TransientError,
    UnexpectedAnswerError,
    UnknownOutcomeError,
    ValidationError,
)
from clients.snatcher import Snatcher
from tests.clients.inhouse.conftest import House
from tests.clients.scripted_server import Peer, reply
from tests.clients.talking import answering, talking

PROFILE = "https://www.example.ru/user/1?a=b&c=д"
PHONE = "+79001234567"
KEY = "lead-1-visit-2"


def start(snatcher: Snatcher, *, phone: str = PHONE) -> str:
    return snatcher.start(PROFILE, phone, idempotency_key=KEY)


def test_transfer_is_started_and_found(house: House) -> None:
    snatcher = Snatcher(house.transport("snatcher"))
    assert snatcher.find(KEY) is None
    transfer_id = start(snatcher)
    assert snatcher.find(KEY) == transfer_id
    assert snatcher.find("another") is None
    [transfer] = house.control("snatcher").get("audit")["latest"]
    assert (transfer["profile_url"], transfer["phone"]) == (PROFILE, PHONE)


def test_same_key_starts_no_second_transfer(house: House) -> None:
    snatcher = Snatcher(house.transport("snatcher"))
    assert start(snatcher) == start(snatcher)
    assert house.control("snatcher").get("audit")["transfers"] == 1


def test_transfer_is_asked_for_as_the_contract_says() -> None:
    with talking(answering(reply(b'{"transfer_id":"t1"}', "202 Accepted"))) as (transport, server):
        assert start(Snatcher(transport)) == "t1"
        [arrived] = server.requests
        assert arrived.line == "POST /api/v1/transfers HTTP/1.1"
        assert f"\r\nIdempotency-Key: {KEY}" in arrived.head
        assert orjson.loads(arrived.body) == {"profile_url": PROFILE, "phone": PHONE}


def test_key_is_looked_up_whatever_it_is() -> None:
    with talking(answering(reply(b'{"transfer_id":"t1"}'))) as (transport, server):
        assert Snatcher(transport).find("a&b=ц") == "t1"
        assert server.requests[0].line == (
            "GET /api/v1/transfers?idempotency_key=a%26b%3D%D1%86 HTTP/1.1"
        )


@pytest.mark.parametrize("key", ["", "two words", "a\r\nX-Other: b", "ключ", "a\x00"])
def test_key_that_fits_no_header_is_not_sent(key: str) -> None:
    with talking(answering(reply())) as (transport, server):
        with pytest.raises(ValueError, match="fits no header"):
            Snatcher(transport).start(PROFILE, PHONE, idempotency_key=key)
        assert server.requests == []


def test_refusal_is_told_in_the_services_words(house: House) -> None:
    snatcher = Snatcher(house.transport("snatcher"))
    with pytest.raises(ValidationError) as refused:
        start(snatcher, phone="1")
    assert (refused.value.detail, refused.value.status) == ("phone: at least ten digits", 422)
    assert snatcher.find(KEY) is None


@pytest.mark.parametrize(
    "kind", ["reset_after_commit", "status_after_commit", "html_200", "no_content"]
)
def test_transfer_whose_answer_was_lost_is_found(house: House, kind: str) -> None:
    snatcher = Snatcher(house.transport("snatcher"))
    house.control("snatcher").fault(kind, method="POST")
    with pytest.raises(UnknownOutcomeError) as lost:
        start(snatcher)
    assert not lost.value.repeatable
    assert lost.value.sent_at is not None
    assert snatcher.find(KEY) is not None
    assert house.control("snatcher").get("audit")["transfers"] == 1


@pytest.mark.parametrize("kind", ["reset_before_commit", "status_before_commit"])
def test_transfer_that_never_began_is_not_found(house: House, kind: str) -> None:
    snatcher = Snatcher(house.transport("snatcher"))
    house.control("snatcher").fault(kind, method="POST")
    with pytest.raises(UnknownOutcomeError):
        start(snatcher)
    assert snatcher.find(KEY) is None


def test_answer_that_takes_too_long_is_lost(house: House) -> None:
    snatcher = Snatcher(house.transport("snatcher", total_seconds=0.5))
    house.control("snatcher").fault("trickle", method="POST")
    with pytest.raises(UnknownOutcomeError):
        start(snatcher)
    assert snatcher.find(KEY) is not None


def test_lost_request_is_not_sent_again() -> None:
    def lose(peer: Peer) -> None:
        peer.request()
        peer.reset()

    with talking(lose, answering(reply(b'{"transfer_id":"t1"}'))) as (transport, server):
        with pytest.raises(UnknownOutcomeError):
            start(Snatcher(transport))
        assert (server.connections, len(server.requests)) == (1, 1)


def test_request_that_did_not_leave_is_known_for_that() -> None:
    with talking() as (transport, server):
        server.stop()
        with pytest.raises(NotSentError):
            start(Snatcher(transport))


@pytest.mark.parametrize(
    "answer",
    [
        reply(b"<html>", "202 Accepted", kind="text/html"),
        reply(b"{}", "202 Accepted"),
        reply(b'{"transfer_id":5}', "202 Accepted"),
        reply(b'{"transfer_id":', "202 Accepted"),
        reply(b"", "204 No Content"),
        reply(b"", "302 Found", "Location: /"),
        reply(b'{"detail":"conflict"}', "409 Conflict"),
        reply(b"", "500 Internal Server Error"),
    ],
)
def test_confirmation_that_is_none_is_unknown(answer: bytes) -> None:
    with talking(answering(answer)) as (transport, _), pytest.raises(UnknownOutcomeError):
        start(Snatcher(transport))


@pytest.mark.parametrize(
    "answer",
    [
        reply(b"<html>", "404 Not Found", kind="text/html"),
        reply(b"", "204 No Content"),
        reply(b'{"transfer_id":"t1"}', "202 Accepted"),
        reply(b"{}"),
        reply(b'{"transfer_id":null}'),
    ],
)
def test_lookup_that_says_nothing_clear_raises(answer: bytes) -> None:
    with talking(answering(answer)) as (transport, _), pytest.raises(UnexpectedAnswerError):
        Snatcher(transport).find(KEY)


@pytest.mark.parametrize("away", ["503", "reset", "partial"])
def test_service_that_is_away_is_no_absence(house: House, away: str) -> None:
    house.control("snatcher").settings(away=True, away_kind=away)
    with pytest.raises(TransientError):
        Snatcher(house.transport("snatcher")).find(KEY)
