"""What the source says: invented sellers whose figures change, and rows that cannot be exported."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from emulators import snapshot
from emulators.people import FIRST_ID, People
from tests.warehouse.snapshots import (
    OFFER_TYPES,
    SELLER_TYPES,
    Offer,
    Seller,
    write_table,
)

# A seller nobody can export, by the kind of fault.
POISON: Mapping[str, Seller] = {
    "poison.long": Seller("poison-long", phone="+79120000001", name="Ж" * 40_000),
    "poison.refused": Seller("poison-refused", phone="+79120000002", name="М" * 300),
    "poison.nul": Seller("poison-nul", phone="+79120000003", name="Магазин\x00"),
}


@dataclass(frozen=True, slots=True)
class Expected:
    """Plain values that a company has to show. `phone`: its last ten digits, where it has them."""

    name: str
    phone: str | None
    offers: int
    feed: str | None


class Source(People):
    """One population for all services and for the snapshot; they change at the same moment."""

    def __init__(self) -> None:
        super().__init__(sellers=1, seed=1)
        self.poison: tuple[Seller, ...] = ()

    def begin(self, *, sellers: int, seed: int, poison: Iterable[str]) -> None:
        """Another population, as it is at first."""
        super().__init__(sellers=sellers, seed=seed)
        self.poison = tuple(POISON[kind] for kind in poison)

    def change(self, *, share: float) -> None:
        """A share of the sellers has more offers from now on."""
        self._changed_share, self._changed_seed = share, self._seed

    def write(self, directory: Path) -> None:
        """The warehouse's snapshot of this moment."""
        snapshot.write(self, directory)
        offers = [Offer(seller.seller_id) for seller in self.poison]
        write_table(
            directory / "sellers" / "poison.parquet", Seller._fields, SELLER_TYPES, self.poison
        )
        write_table(directory / "offers" / "poison.parquet", Offer._fields, OFFER_TYPES, offers)

    def expected(self, *, feeds: Mapping[str, str]) -> dict[str, Expected]:
        """Every seller that has to have a company. `feeds`: loaded since, by seller."""
        found = {}
        for number in range(self.total):
            offers = self.offers(number)
            if offers:
                seller_id = str(FIRST_ID + number)
                found[seller_id] = self._expected(number, len(offers), feeds.get(seller_id))
        return found

    def _expected(self, number: int, offers: int, loaded: str | None) -> Expected:
        seller, feed = self.seller(number), self.feed(number)
        url = loaded or (feed.feed_url if feed else None)
        name = seller.name or f"Продавец {seller.seller_id}"
        return Expected(name, ten_digits(seller.phone), offers, url)


def ten_digits(phone: object) -> str | None:
    """What two spellings of one number have in common."""
    digits = "".join(each for each in str(phone or "") if each.isdigit())
    return digits[-10:] if len(digits) >= 10 else None
