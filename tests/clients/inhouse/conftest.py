"""The emulated services of the classifieds house, and transports that are let into them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass

import pytest

from clients.calls import Limits
from clients.pacing import Unlimited
from clients.transport import Transport
from emulators import Emulators, start_all
from tests.clients.emulated import Control

TOKEN = "house-token"
SERVICES = ("sellers", "offers", "feeds", "snatcher")
SELLER = "10000007"  # one that exists, with offers
NOBODY = "20000000"


@dataclass
class House:
    """`make`: what a transport is made by."""

    urls: dict[str, str]
    stack: ExitStack
    make: Callable[..., Transport] = Transport

    def control(self, service: str) -> Control:
        return Control(self.urls[service])

    def transport(self, service: str, *, total_seconds: float = 5.0) -> Transport:
        transport = self.make(
            service=service,
            base_url=self.urls[service],
            pace=Unlimited(),
            authorise=lambda: TOKEN,
            limits=Limits(total_seconds=total_seconds),
        )
        return self.stack.enter_context(closing(transport))


@pytest.fixture(scope="module")
def emulators() -> Iterator[Emulators]:
    running = start_all(port_base=None, sellers=50, seed=1)
    yield running
    running.stop()


@pytest.fixture
def house(emulators: Emulators) -> Iterator[House]:
    with ExitStack() as stack:
        house = House(emulators.urls(), stack)
        for service in SERVICES:
            house.control(service).post("reset", {"settings": True})
            house.control(service).settings(token=TOKEN)
        yield house
