"""The sellers service: who a seller is, or that there is none."""

from datetime import UTC, datetime

import orjson
import pytest

from clients.errors import ServiceError, TransientError, UnexpectedAnswerError
from clients.sellers import Seller, Sellers
from tests.clients.inhouse.conftest import NOBODY, SELLER, House
from tests.clients.scripted_server import reply
from tests.clients.talking import answering, talking

FOUND = {
    "seller_id": "1",
    "phone": "+79001234567",
    "email": None,
    "name": "Иван",
    "sale_address": "",
    "first_visit_at": "2024-05-31T15:00:00+03:00",
}


def told(**changes: object) -> bytes:
    return reply(orjson.dumps({**FOUND, **changes}))


def without(name: str) -> bytes:
    return reply(orjson.dumps({key: value for key, value in FOUND.items() if key != name}))


def test_seller_is_told_as_the_service_has_them(house: House) -> None:
    seller = Sellers(house.transport("sellers")).get(SELLER)
    assert seller is not None
    assert seller.seller_id == SELLER
    assert seller.first_visit_at is not None
    assert seller.first_visit_at.tzinfo is UTC


def test_seller_that_does_not_exist_is_none(house: House) -> None:
    sellers = Sellers(house.transport("sellers"))
    assert sellers.get(NOBODY) is None
    assert sellers.get("no/such?#%") is None


def test_moments_are_in_utc() -> None:
    with talking(answering(told())) as (transport, _):
        assert Sellers(transport).get("1") == Seller(
            "1", "+79001234567", None, "Иван", "", datetime(2024, 5, 31, 12, tzinfo=UTC)
        )


@pytest.mark.parametrize("never", [None, "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-12:00"])
def test_moment_that_means_never_is_none(never: str | None) -> None:
    with talking(answering(told(first_visit_at=never))) as (transport, _):
        seller = Sellers(transport).get("1")
    assert seller is not None
    assert seller.first_visit_at is None


def test_any_id_is_one_step_of_the_path() -> None:
    name = "а/../б?c#d %2F"
    with talking(answering(told(seller_id=name))) as (transport, server):
        assert Sellers(transport).get(name) is not None
        assert server.requests[0].line == (
            "GET /api/v1/sellers/%D0%B0%2F..%2F%D0%B1%3Fc%23d%20%252F HTTP/1.1"
        )


@pytest.mark.parametrize("name", ["", ".", "..", "\ud800"])
def test_what_can_be_no_step_of_a_path_is_not_asked_for(name: str) -> None:
    with talking(answering(told())) as (transport, server):
        with pytest.raises(ValueError, match=r"step of a path|surrogates"):
            Sellers(transport).get(name)
        assert server.requests == []


@pytest.mark.parametrize("body", [b"", b"{}", b'{"detail":"no such seller"}'])
def test_services_own_404_is_an_absence(body: bytes) -> None:
    with talking(answering(reply(body, "404 Not Found"))) as (transport, _):
        assert Sellers(transport).get("1") is None


@pytest.mark.parametrize(
    "answer",
    [
        reply(b"<html>nginx</html>", "404 Not Found", kind="text/html"),
        reply(b"404 page not found\n", "404 Not Found", kind="text/plain"),
        reply(b"[]", "404 Not Found"),
        reply(b'"no"', "404 Not Found"),
        reply(b"{}", "410 Gone"),
        reply(b"", "204 No Content"),
        reply(b"null"),
    ],
)
def test_nothing_else_is_an_absence(answer: bytes) -> None:
    with talking(answering(answer)) as (transport, _), pytest.raises(UnexpectedAnswerError):
        Sellers(transport).get("1")


def test_404_that_did_not_come_whole_is_no_absence() -> None:
    cut = reply(b'{"detail":"no"}', "404 Not Found")[:-5]
    with talking(answering(cut)) as (transport, _), pytest.raises(TransientError):
        Sellers(transport).get("1")


@pytest.mark.parametrize(
    "answer",
    [
        told(seller_id="2"),
        told(seller_id=1),
        told(phone=79001234567),
        told(name=["Иван"]),
        told(first_visit_at=1717146000),
        told(first_visit_at="yesterday"),
        told(first_visit_at=""),
        told(first_visit_at="2024-05-31"),
        told(first_visit_at="2024-05-31T12:00:00"),
        *(without(name) for name in FOUND),
    ],
)
def test_seller_of_another_shape_is_unexpected(answer: bytes) -> None:
    with (
        talking(answering(answer)) as (transport, _),
        pytest.raises(UnexpectedAnswerError) as refused,
    ):
        Sellers(transport).get("1")
    assert "yesterday" not in f"{refused.value!r} {refused.value.__cause__!r}"


@pytest.mark.parametrize("away", ["503", "reset", "partial"])
def test_service_that_is_away_is_no_absence(house: House, away: str) -> None:
    house.control("sellers").settings(away=True, away_kind=away)
    sellers = Sellers(house.transport("sellers"))
    for name in (SELLER, NOBODY):
        with pytest.raises(TransientError):
            sellers.get(name)


def test_client_recovers_with_the_service(house: House) -> None:
    sellers = Sellers(house.transport("sellers"))
    house.control("sellers").settings(away=True, away_kind="reset")
    with pytest.raises(ServiceError):
        sellers.get(SELLER)
    house.control("sellers").settings(away=False)
    assert sellers.get(SELLER) is not None
