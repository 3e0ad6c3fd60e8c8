"""The outside sources of a push: the warehouse and the feeds service, as the settings name them."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from django.conf import settings

from clients.feeds import Feeds
from clients.pacing import Unlimited
from clients.transport import Transport
from warehouse.interface import Warehouse, WarehouseError
from warehouse.opening import open_warehouse


class SourceNotConfiguredError(Exception):
    """A push cannot run: a variable is missing. The text names it."""


def warehouse() -> Warehouse:
    """Raises SourceNotConfiguredError."""
    if not settings.WAREHOUSE_URL:
        raise SourceNotConfiguredError("WAREHOUSE_URL: не задан, снепшот брать неоткуда")
    try:
        return open_warehouse(
            settings.WAREHOUSE_URL,
            token=settings.WAREHOUSE_TOKEN or None,
            work_dir=settings.LOCAL_DIR / "snapshots",
        )
    except WarehouseError as error:
        raise SourceNotConfiguredError(str(error)) from error


@contextmanager
def feeds() -> Iterator[Feeds]:
    """A client of the feeds service, for one thread. Raises SourceNotConfiguredError."""
    if not settings.FEEDS_URL:
        raise SourceNotConfiguredError("FEEDS_URL: не задан, ссылки на фиды брать неоткуда")
    transport = Transport(
        service="feeds",
        base_url=settings.FEEDS_URL,
        pace=Unlimited(),
        authorise=lambda: str(settings.FEEDS_TOKEN),
    )
    with closing(transport):
        yield Feeds(transport)
