"""A Directory client, the emulator it talks to, and a Valkey for its single flight."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing

import pytest
import redis

from clients.calls import Limits
from clients.directory.client import Directory
from clients.hedging.budget import Budget
from clients.hedging.driver import Driver
from clients.hedging.race import Kind
from clients.hedging.service import HedgedService
from clients.pacing import Unlimited
from clients.single_flight import RedisSingleFlight
from clients.transport import Transport
from emulators.directory.service import DirectoryService
from emulators.server import Server, start
from tests.clients.emulated import Control

TOKEN = "directory-token"


class Counted:
    """An observer that keeps what it was told."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.attempts: Counter[str] = Counter()
        self.won: Counter[str] = Counter()
        self.denied: Counter[str] = Counter()
        self.seconds: list[float] = []

    def attempt(self, endpoint: str, kind: Kind) -> None:  # noqa: ARG002 - Observer's
        with self._lock:
            self.attempts[str(kind)] += 1

    def hedge_won(self, endpoint: str) -> None:
        with self._lock:
            self.won[endpoint] += 1

    def budget_denied(self, endpoint: str) -> None:
        with self._lock:
            self.denied[endpoint] += 1

    def call_took(self, endpoint: str, seconds: float) -> None:  # noqa: ARG002 - Observer's
        with self._lock:
            self.seconds.append(seconds)


class Emulated:
    """The emulator's control plane, in the words of these tests."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.control = Control(server.url)

    def put(self, permalink: int, **fields: object) -> None:
        self.control.put(f"organizations/{permalink}", fields)

    def script(self, *attempts: dict[str, object], **which: object) -> None:
        self.control.post("scripts", {"attempts": list(attempts), **which})

    def asked(self) -> dict[str, int]:
        asked: dict[str, int] = self.control.get("audit")["by_endpoint"]
        return asked

    def counters(self) -> dict[str, list[int]]:
        created: dict[str, list[int]] = self.control.get("audit")["counters"]
        return created


@pytest.fixture(scope="module")
def emulator() -> Iterator[Server]:
    server = start(DirectoryService(seed=1))
    yield server
    server.stop()


@pytest.fixture
def emulated(emulator: Server) -> Emulated:
    emulated = Emulated(emulator)
    emulated.control.post("reset", {"settings": True})
    emulated.control.settings(token=TOKEN)
    return emulated


@pytest.fixture
def observer() -> Counted:
    return Counted()


@pytest.fixture
def service(emulated: Emulated, observer: Counted) -> Iterator[HedgedService]:
    with closing(hedged(emulated.server.url, observer)) as service:
        yield service


@pytest.fixture
def flights(server: redis.Redis) -> RedisSingleFlight:
    server.flushdb()
    return RedisSingleFlight(server)


@pytest.fixture
def directory(service: HedgedService, flights: RedisSingleFlight) -> Directory:
    return Directory(service, flights=flights)


class Plenty(Budget):
    """A budget that is never spent."""

    def spend(self) -> bool:
        return True


def hedged(
    url: str,
    observer: Counted | None = None,
    *,
    budget: Budget | None = None,
    connect: type[Transport] = Transport,
) -> HedgedService:
    def transport(limits: Limits) -> Transport:
        return connect(
            service="directory",
            base_url=url,
            pace=Unlimited(),
            authorise=lambda: TOKEN,
            limits=limits,
        )

    driver = Driver(service="directory", budget=budget or Plenty(), observer=observer)
    return HedgedService(driver, transport)
