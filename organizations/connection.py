"""The one place that hands out a client of the Directory, ready to be used."""

import atexit
import os
import threading
from dataclasses import dataclass
from typing import Final, NoReturn, Self
from urllib.parse import urlsplit

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from clients.calls import Limits
from clients.directory.client import SINGLE_LOOKUPS, Directory
from clients.errors import NotSentError
from clients.hedging.budget import budget_of
from clients.hedging.driver import Driver
from clients.hedging.service import HedgedService
from clients.pacing import Unlimited
from clients.single_flight import RedisSingleFlight
from clients.transport import Transport
from organizations.figures import Figures

SERVICE: Final = "directory"
REDIS_SECONDS: Final = 1.0  # to connect, and to answer: a creation waits for it, an exit too
REDIS_RETRIES: Final = 1  # a connection that was closed while idle is opened anew, once


def directory() -> Directory:
    """This process's client, safe to share between its threads; nobody else closes it.

    There is one without DIRECTORY_URL too, since not every change of a link asks the Directory:
    its calls raise UnavailableError.
    """
    return _process.client(_Wiring.of_settings())


def close() -> None:
    """End the threads and connections, and write the last figures."""
    _process.close()


@dataclass(frozen=True, slots=True)
class _Wiring:
    """What a client is made of. Settings change in tests only."""

    url: str
    token: str
    looks_up: bool
    honours_keys: bool
    redis_url: str

    @classmethod
    def of_settings(cls) -> Self:
        return cls(
            url=settings.DIRECTORY_URL,
            token=settings.DIRECTORY_TOKEN,
            looks_up=settings.RESTORE_WITH_SINGLE_LOOKUP,
            honours_keys=settings.DIRECTORY_HONOURS_KEYS,
            redis_url=settings.REDIS_URL,
        )

    def transport(self, limits: Limits) -> Transport:
        if not self.url:
            _not_configured()
        return Transport(
            service=SERVICE,
            base_url=self.url,
            pace=Unlimited(),
            authorise=(lambda: self.token) if self.token else None,
            limits=limits,
        )


def _not_configured() -> NoReturn:
    raise NotSentError(service=SERVICE, call="connect", detail="DIRECTORY_URL is not set")


class _Made:
    """A client and what ends with it."""

    def __init__(self, wiring: _Wiring) -> None:
        server = redis.Redis.from_url(
            wiring.redis_url,
            socket_timeout=REDIS_SECONDS,
            socket_connect_timeout=REDIS_SECONDS,
            retry=Retry(NoBackoff(), REDIS_RETRIES),
        )
        self.wiring = wiring
        self.figures = Figures(server)
        budget = budget_of(urlsplit(wiring.url).netloc)
        driver = Driver(service=SERVICE, budget=budget, observer=self.figures)
        self.client = Directory(
            HedgedService(driver, wiring.transport),
            flights=RedisSingleFlight(server),
            single_lookups=SINGLE_LOOKUPS if wiring.looks_up else 0,
            honours_keys=wiring.honours_keys,
            status_said=self.figures.status_said,
        )

    def close(self) -> None:
        self.client.close()
        self.figures.close()


class _Process:
    """Holds this process's one."""

    _made: _Made | None

    def __init__(self) -> None:
        self.forget()

    def client(self, wiring: _Wiring) -> Directory:
        with self._lock:
            if self._made is None or self._made.wiring != wiring:
                if self._made is not None:
                    self._made.close()
                self._made = _Made(wiring)
            return self._made.client

    def close(self) -> None:
        with self._lock:
            made, self._made = self._made, None
        if made is not None:
            made.close()

    def forget(self) -> None:
        """In a child of a fork: threads, locks and connections are the parent's."""
        self._lock = threading.Lock()
        self._made = None


_process = _Process()
atexit.register(close)
os.register_at_fork(after_in_child=_process.forget)
