"""What the clients send and what the emulators answer, held against docs/contracts."""

import pytest

from clients.errors import ValidationError
from clients.feeds import Feeds
from clients.offers import Offers
from clients.sellers import Sellers
from clients.snatcher import Snatcher
from clients.transport import Transport
from tests.clients.contracts import Overheard, assert_all_said_is_promised
from tests.clients.inhouse.conftest import NOBODY, SELLER, SERVICES, House

URL = "https://shop.example.ru/feed.xml"
KNOWN = [str(number) for number in range(10_000_000, 10_000_050)]


def use_sellers(transport: Transport) -> None:
    sellers = Sellers(transport)
    assert [sellers.get(name) is None for name in (SELLER, NOBODY)] == [False, True]


def use_offers(transport: Transport) -> None:
    assert all(Offers(transport).stats(name).offers_total > 0 for name in KNOWN[:3])
    Offers(transport).stats(NOBODY)


def use_feeds(transport: Transport) -> None:
    feeds = Feeds(transport)
    assert feeds.lookup(KNOWN)
    feeds.put(SELLER, URL)
    with pytest.raises(ValidationError):
        feeds.put(NOBODY, URL)


def use_snatcher(transport: Transport) -> None:
    snatcher = Snatcher(transport)
    snatcher.start(URL, "+79001234567", idempotency_key="k")
    assert [snatcher.find(key) is None for key in ("k", "other")] == [False, True]
    with pytest.raises(ValidationError):
        snatcher.start(URL, "1", idempotency_key="other")


USES = {
    "sellers": use_sellers,
    "offers": use_offers,
    "feeds": use_feeds,
    "snatcher": use_snatcher,
}


@pytest.mark.parametrize("service", SERVICES)
def test_everything_that_is_said_is_in_the_contract(house: House, service: str) -> None:
    house.make = Overheard
    transport = house.transport(service)
    assert isinstance(transport, Overheard)
    USES[service](transport)
    assert_all_said_is_promised(service, transport.exchanges)
