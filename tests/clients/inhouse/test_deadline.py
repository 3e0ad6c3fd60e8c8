"""Three services asked at once, with one deadline for them all."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from clients.calls import Limits
from clients.errors import NotSentError, TransientError
from clients.feeds import Feeds
from clients.offers import Offers
from clients.pacing import Unlimited
from clients.sellers import Sellers
from clients.transport import Transport
from tests.clients.scripted_server import Peer, ScriptedServer

DEADLINE = 0.5  # seconds
SLACK = 2.0  # seconds: a busy machine's; far less than what the pauses below take


def silent(peer: Peer) -> None:
    peer.request()
    peer.pause(9)


def trickling(peer: Peer) -> None:
    peer.request()
    peer.trickle(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 50, every=0.1)


def asleep(peer: Peer) -> None:
    peer.pause(9)


USES: tuple[Callable[[Transport], object], ...] = (
    lambda transport: Sellers(transport).get("1"),
    lambda transport: Offers(transport).stats("1"),
    lambda transport: Feeds(transport).lookup(["1"]),
)


def test_services_that_never_answer_are_given_up_together() -> None:
    with ScriptedServer((silent, trickling, silent)) as server, ThreadPoolExecutor(3) as threads:
        began = time.monotonic()
        asked = [threads.submit(ask, server.url, use) for use in USES]
        errors = [each.exception() for each in asked]
        took = time.monotonic() - began
        server.stop()
    assert [type(error) for error in errors] == [TransientError] * 3
    assert took < DEADLINE + SLACK


def test_service_that_never_shakes_hands_is_given_up_in_time() -> None:
    with ScriptedServer((asleep,)) as server:
        began = time.monotonic()
        with pytest.raises(NotSentError):
            ask(server.url.replace("http:", "https:"), USES[0])
        assert time.monotonic() - began < DEADLINE + SLACK
        server.stop()


@pytest.mark.parametrize("seconds", [5.0, 0.5])
def test_parts_of_a_call_take_no_more_than_the_whole(seconds: float) -> None:
    limits = Limits.within(seconds)
    assert 2 * limits.connect_seconds + limits.total_seconds == pytest.approx(seconds)


def ask(url: str, use: Callable[[Transport], object]) -> object:
    transport = Transport(
        service="things", base_url=url, pace=Unlimited(), limits=Limits.within(DEADLINE)
    )
    try:
        return use(transport)
    finally:
        transport.close()
