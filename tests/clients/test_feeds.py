"""The feeds service: an answer is complete, or it is none."""

from collections.abc import Iterator
from contextlib import closing

import orjson
import pytest

from clients.errors import (
    AuthError,
    ServiceError,
    TransientError,
    UnexpectedAnswerError,
    UnknownOutcomeError,
    ValidationError,
)
from clients.feeds import Feed, Feeds
from clients.pacing import Lane, Unlimited
from clients.transport import Transport
from emulators import start_all
from tests.clients.emulated import Control
from tests.clients.scripted_server import reply
from tests.clients.talking import answering, talking


@pytest.fixture(scope="module")
def feeds_url() -> Iterator[str]:
    emulators = start_all(port_base=None, sellers=50, seed=1)
    yield emulators.feeds_url
    emulators.stop()


@pytest.fixture
def control(feeds_url: str) -> Control:
    control = Control(feeds_url)
    control.post("reset", {"settings": True})
    control.settings(token="feeds-token")
    return control


@pytest.fixture
def feeds(control: Control, feeds_url: str) -> Iterator[Feeds]:
    transport = Transport(
        service="feeds", base_url=feeds_url, pace=Unlimited(), authorise=lambda: "feeds-token"
    )
    with closing(transport):
        yield Feeds(transport)


def some(*items: object) -> bytes:
    return reply(orjson.dumps({"feeds": items}))


FEED = {"seller_id": "1", "feed_url": "https://f/1", "errors_url": "https://e/1"}


def test_sellers_without_a_feed_are_left_out() -> None:
    with talking(answering(some(FEED))) as (transport, server):
        found = Feeds(transport).lookup(["1", "2"])
        assert found == {"1": Feed("https://f/1", "https://e/1")}
        assert server.requests[0].line == "POST /api/v1/feeds/lookup HTTP/1.1"
        assert sorted(orjson.loads(server.requests[0].body)["seller_ids"]) == ["1", "2"]


def test_feed_may_have_no_page_of_errors() -> None:
    with talking(answering(some({**FEED, "errors_url": None}))) as (transport, _):
        assert Feeds(transport).lookup(["1"]) == {"1": Feed("https://f/1", None)}


def test_nobody_has_a_feed() -> None:
    with talking(answering(some())) as (transport, _):
        assert Feeds(transport).lookup(["1"]) == {}


def test_service_is_asked_as_its_contract_says(feeds: Feeds) -> None:
    assert feeds.lookup([f"nobody-{number}" for number in range(500)]) == {}


def test_too_many_sellers_are_not_asked_for(feeds: Feeds) -> None:
    with pytest.raises(ValueError, match="501 sellers"):
        feeds.lookup([str(number) for number in range(501)])


def test_token_is_shown(control: Control, feeds: Feeds) -> None:
    control.settings(token="another")
    with pytest.raises(AuthError):
        feeds.lookup(["1"])


@pytest.mark.parametrize("away", ["503", "reset", "partial"])
def test_service_that_is_away_is_no_absence(control: Control, feeds: Feeds, away: str) -> None:
    control.settings(away=True, away_kind=away)
    with pytest.raises(TransientError):
        feeds.lookup(["1"])


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (reply(b"", "204 No Content"), UnexpectedAnswerError),
        (reply(b'{"feeds":[]}', "202 Accepted"), UnexpectedAnswerError),
        (reply(b'{"feeds":[]}', "206 Partial Content"), UnexpectedAnswerError),
        (reply(b"", "302 Found", "Location: /"), UnexpectedAnswerError),
        (reply(b"", "404 Not Found"), UnexpectedAnswerError),
        (reply(b'{"detail":"too many"}', "422 Unprocessable"), ValidationError),
        (reply(b"<html>"), UnexpectedAnswerError),
        (reply(b'{"feeds":[]'), UnexpectedAnswerError),
        (reply(b"[]"), UnexpectedAnswerError),
        (reply(b"{}"), UnexpectedAnswerError),
        (reply(b'{"feeds":null}'), UnexpectedAnswerError),
        (reply(b'{"feeds":{}}'), UnexpectedAnswerError),
        (some(None), UnexpectedAnswerError),
        (some({"seller_id": "1"}), UnexpectedAnswerError),
        (some({**FEED, "seller_id": 1}), UnexpectedAnswerError),
        (some({**FEED, "feed_url": None}), UnexpectedAnswerError),
        (some({**FEED, "errors_url": 5}), UnexpectedAnswerError),
        (some({**FEED, "seller_id": "9"}), UnexpectedAnswerError),
        (some(FEED, FEED), UnexpectedAnswerError),
    ],
)
def test_anything_but_a_complete_answer_raises(answer: bytes, error: type[ServiceError]) -> None:
    with talking(answering(answer)) as (transport, _), pytest.raises(error):
        Feeds(transport).lookup(["1", "2"])


def test_sellers_of_the_service_have_their_feeds(feeds: Feeds, control: Control) -> None:
    known = [str(number) for number in range(10_000_000, 10_000_050)]
    found = feeds.lookup(known, lane=Lane.INTERACTIVE)
    assert 0 < len(found) < 50
    assert found.keys() <= set(known)
    assert control.get("audit")["requests"] == {"POST /api/v1/feeds/lookup": 1}


SELLER = "10000007"
URL = "https://shop.example.ru/feed.xml"


def test_feed_is_put_and_found(feeds: Feeds, control: Control) -> None:
    assert feeds.put(SELLER, URL) == f"feed-{SELLER}"
    assert feeds.lookup([SELLER])[SELLER].feed_url == URL
    assert control.get("audit")["loaded"] == {SELLER: URL}


def test_feed_may_be_put_twice(feeds: Feeds, control: Control) -> None:
    assert feeds.put(SELLER, URL) == feeds.put(SELLER, URL)
    assert control.get("audit")["loaded"] == {SELLER: URL}


def test_feed_is_put_as_a_periodic_one() -> None:
    with talking(answering(reply(b'{"feed_id":"f1"}'))) as (transport, server):
        assert Feeds(transport).put("а/1", URL) == "f1"
        assert server.requests[0].line == "PUT /api/v1/sellers/%D0%B0%2F1/feed HTTP/1.1"
        assert orjson.loads(server.requests[0].body) == {"url": URL, "periodic": True}


def test_refusal_of_a_feed_is_told_in_the_services_words(feeds: Feeds, control: Control) -> None:
    with pytest.raises(ValidationError) as refused:
        feeds.put("20000000", URL)
    assert (refused.value.detail, refused.value.status) == ("no such seller", 422)
    assert control.get("audit")["loaded"] == {}


@pytest.mark.parametrize(
    "kind", ["reset_after_commit", "status_after_commit", "html_200", "no_content"]
)
def test_lost_answer_to_a_put_may_be_asked_for_again(
    feeds: Feeds, control: Control, kind: str
) -> None:
    control.fault(kind, method="PUT")
    with pytest.raises(UnknownOutcomeError) as lost:
        feeds.put(SELLER, URL)
    assert lost.value.repeatable
    assert feeds.put(SELLER, URL) == f"feed-{SELLER}"
