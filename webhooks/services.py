"""The services that handlers ask, as the settings name them; each client is for one thread."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from typing import TypeVar

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from clients.calls import Limits
from clients.feeds import Feeds
from clients.offers import Offers
from clients.pacing import Unlimited
from clients.sellers import Sellers
from clients.snatcher import Snatcher
from clients.transport import Transport

T = TypeVar("T")

ANSWER_SECONDS = 5.0  # from the connection to the last byte; these services stand beside us


class ServiceNotConfiguredError(ImproperlyConfigured):
    """A variable is missing; the text names it."""


@contextmanager
def _opened(name: str, make: Callable[[Transport], T]) -> Iterator[T]:
    url, token = (str(getattr(settings, f"{name.upper()}_{part}")) for part in ("URL", "TOKEN"))
    if not url:
        raise ServiceNotConfiguredError(f"{name.upper()}_URL: не задан, сервис спросить негде")
    transport = Transport(
        service=name,
        base_url=url,
        pace=Unlimited(),
        authorise=lambda: token,
        limits=Limits.within(ANSWER_SECONDS),
    )
    with closing(transport):
        yield make(transport)


def sellers() -> AbstractContextManager[Sellers]:
    """Who a seller is. Raises ServiceNotConfiguredError, as the others do."""
    return _opened("sellers", Sellers)


def offers() -> AbstractContextManager[Offers]:
    """What a seller sells, in figures."""
    return _opened("offers", Offers)


def feeds() -> AbstractContextManager[Feeds]:
    """Which feed a seller is loaded from."""
    return _opened("feeds", Feeds)


def snatcher() -> AbstractContextManager[Snatcher]:
    """Who takes profiles over."""
    return _opened("snatcher", Snatcher)
