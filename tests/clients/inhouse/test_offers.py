"""The offers service: a seller's offers in figures."""

from datetime import UTC, datetime

import orjson
import pytest

from clients.errors import ServiceError, TransientError, UnexpectedAnswerError, ValidationError
from clients.offers import Offers, OfferStats
from tests.clients.inhouse.conftest import NOBODY, SELLER, House
from tests.clients.scripted_server import reply
from tests.clients.talking import answering, talking

FOUND = {
    "seller_id": "1",
    "first_offer_at": "2024-05-31T12:00:00Z",
    "offers_total": 3,
    "offers_by_status": {"removed": 1, "": 1, "active": 1},
    "has_feed": True,
    "has_form": False,
    "has_used": True,
    "has_new": False,
    "categories": ["flats", "", "cars", "flats"],
}


def told(**changes: object) -> bytes:
    return reply(orjson.dumps({**FOUND, **changes}))


def without(name: str) -> bytes:
    return reply(orjson.dumps({key: value for key, value in FOUND.items() if key != name}))


def test_figures_are_sorted_and_named() -> None:
    with talking(answering(told())) as (transport, server):
        stats = Offers(transport).stats("1")
        assert server.requests[0].line == "GET /api/v1/sellers/1/stats HTTP/1.1"
    assert stats == OfferStats(
        first_offer_at=datetime(2024, 5, 31, 12, tzinfo=UTC),
        offers_total=3,
        offers_by_status={"active": 1, "removed": 1},
        has_feed=True,
        has_form=False,
        has_used=True,
        has_new=False,
        categories=("cars", "flats"),
    )
    assert list(stats.offers_by_status) == ["active", "removed"]


def test_figures_of_the_service_add_up(house: House) -> None:
    stats = Offers(house.transport("offers")).stats(SELLER)
    assert stats.offers_total == sum(stats.offers_by_status.values()) > 0
    assert stats.first_offer_at is not None
    assert stats.categories == tuple(sorted(stats.categories)) != ()


def test_seller_without_offers_has_zeros(house: House) -> None:
    assert Offers(house.transport("offers")).stats(NOBODY) == OfferStats(
        None, 0, {}, False, False, False, False, ()
    )


@pytest.mark.parametrize(
    "answer",
    [
        told(seller_id="2"),
        told(first_offer_at="2024-05-31"),
        told(offers_total="3"),
        told(offers_total=-1),
        told(offers_total=True),
        told(offers_total=None),
        told(offers_by_status=[]),
        told(offers_by_status=None),
        told(offers_by_status={"active": "1"}),
        told(offers_by_status={"active": -1}),
        told(has_feed=None),
        told(has_new=0),
        told(categories=None),
        told(categories="cars"),
        told(categories=[None]),
        *(without(name) for name in FOUND),
    ],
)
def test_figures_of_another_shape_are_unexpected(answer: bytes) -> None:
    with talking(answering(answer)) as (transport, _), pytest.raises(UnexpectedAnswerError):
        Offers(transport).stats("1")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (reply(b"{}", "404 Not Found"), UnexpectedAnswerError),
        (reply(b"", "204 No Content"), UnexpectedAnswerError),
        (reply(b'{"detail":"an id is a number"}', "422 Unprocessable"), ValidationError),
    ],
)
def test_there_is_no_absence_of_figures(answer: bytes, error: type[ServiceError]) -> None:
    with talking(answering(answer)) as (transport, _), pytest.raises(error):
        Offers(transport).stats("1")


@pytest.mark.parametrize("away", ["503", "reset", "partial"])
def test_service_that_is_away_has_no_zeros(house: House, away: str) -> None:
    house.control("offers").settings(away=True, away_kind=away)
    with pytest.raises(TransientError):
        Offers(house.transport("offers")).stats(SELLER)
