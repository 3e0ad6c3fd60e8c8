"""All emulators together, in this process."""

from dataclasses import dataclass

from emulators import server
from emulators.amocrm.service import AmocrmService
from emulators.directory.service import DirectoryService
from emulators.feeds import FeedsService
from emulators.offers import OffersService
from emulators.people import People
from emulators.sellers import SellersService
from emulators.snatcher import SnatcherService


@dataclass(frozen=True, slots=True)
class Emulators:
    """Running services. Their order is the order of the ports."""

    amocrm: server.Server
    sellers: server.Server
    offers: server.Server
    feeds: server.Server
    snatcher: server.Server
    directory: server.Server

    @property
    def amocrm_url(self) -> str:
        return self.amocrm.url

    @property
    def sellers_url(self) -> str:
        return self.sellers.url

    @property
    def offers_url(self) -> str:
        return self.offers.url

    @property
    def feeds_url(self) -> str:
        return self.feeds.url

    @property
    def snatcher_url(self) -> str:
        return self.snatcher.url

    @property
    def directory_url(self) -> str:
        return self.directory.url

    def urls(self) -> dict[str, str]:
        return {
            "amocrm": self.amocrm_url,
            "sellers": self.sellers_url,
            "offers": self.offers_url,
            "feeds": self.feeds_url,
            "snatcher": self.snatcher_url,
            "directory": self.directory_url,
        }

    def stop(self) -> None:
        for each in (
            self.amocrm, self.sellers, self.offers, self.feeds, self.snatcher, self.directory
        ):  # fmt: skip
            each.stop()


def start_all(
    port_base: int | None = None, *, sellers: int = 100, seed: int = 1, host: str = "127.0.0.1"
) -> Emulators:
    """Consecutive ports from `port_base`, free ones when it is None."""
    people = People(sellers=sellers, seed=seed)
    services: tuple[server.Service, ...] = (
        AmocrmService(),
        SellersService(people),
        OffersService(people),
        FeedsService(people),
        SnatcherService(),
        DirectoryService(seed=seed),
    )
    started: list[server.Server] = []
    try:
        for place, service in enumerate(services):
            port = 0 if port_base is None else port_base + place
            started.append(server.start(service, host=host, port=port))
    except OSError:
        for each in started:
            each.stop()
        raise
    return Emulators(*started)
