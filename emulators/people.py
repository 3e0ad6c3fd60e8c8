"""The invented sellers of a classifieds service: one deterministic function of (seed, number).

Nothing is kept: a seller is computed when somebody asks, so a million of them cost no memory. The
services and the snapshot both ask here, and so they agree.
"""

from datetime import date, timedelta
from hashlib import blake2b, shake_128
from typing import NamedTuple

from emulators.chance import fraction
from emulators.words import (
    CATEGORIES,
    CITIES,
    COMPANY_FORMS,
    LATIN,
    MAIL_HOSTS,
    MEN,
    NO_PHONES,
    SHOPS,
    STREETS,
    SURNAMES,
    WOMEN,
)

FIRST_ID = 10_000_000
WITHOUT_OFFERS_EVERY = 51  # one seller in so many has no offers: about 2 %
FEED_BYTE = 77  # of 256: about 30 % have a feed
MAX_OFFERS = 40
FIRST_DAY = date(2018, 1, 1)
DAYS = 3195  # up to 2026-09-30; a fixed end, so that a snapshot does not depend on today
STATUSES = ("active", "inactive", "moderation", "banned", "expired", "removed")
_SHARES = (140, 40, 12, 6, 38, 20)  # of the statuses, of 256
_BYTES_PER_OFFER = 6

# What a byte of a digest stands for.
_STATUS = [status for status, n in zip(STATUSES, _SHARES, strict=True) for _ in range(n)]
_OFFERS = [  # skewed: a median of 3, a mean of 6
    min(MAX_OFFERS, 1 + int(5 * ((256 / (256 - byte)) ** 0.6 - 1))) for byte in range(256)
]
_TIME = [f"{byte * 337 // 3600:02}:{byte * 337 // 60 % 60:02}:{byte * 337 % 60:02}"
         for byte in range(256)]  # fmt: skip
_DATE = [(FIRST_DAY + timedelta(days=day)).isoformat() for day in range(DAYS)]
_LATIN_SURNAMES = ["".join(map(LATIN.__getitem__, each.lower())) for each in SURNAMES]


class Seller(NamedTuple):
    """`first_visit_at`: "2024-05-31 12:00:00", UTC."""

    seller_id: str
    phone: str | None
    email: str | None
    name: str | None
    sale_address: str | None
    first_visit_at: str | None


class Offer(NamedTuple):
    """`created_at` as in Seller."""

    offer_id: str
    seller_id: str
    status: str
    source: str
    condition: str | None
    category: str
    created_at: str


class Feed(NamedTuple):
    feed_url: str
    errors_url: str | None


class People:
    """`sellers` of them have offers; about 2 % more have none.

    `changed_share` of them, drawn by `changed_seed`, have up to three offers more than they had.
    """

    def __init__(
        self, *, sellers: int, seed: int, changed_share: float = 0.0, changed_seed: int = 0
    ) -> None:
        self.total = sellers + sellers // (WITHOUT_OFFERS_EVERY - 1)
        self._seed = seed
        self._changed_share = changed_share
        self._changed_seed = changed_seed

    def number_of(self, seller_id: str) -> int | None:
        """The place of a seller in the population, None when there is no such seller."""
        if not (seller_id.isascii() and seller_id.isdigit() and len(seller_id) < 12):
            return None
        number = int(seller_id) - FIRST_ID
        return number if 0 <= number < self.total and seller_id[0] != "0" else None

    def seller(self, number: int) -> Seller:
        drawn = self._draw(number)
        return Seller(
            str(FIRST_ID + number),
            _phone(drawn),
            _email(drawn),
            _name(drawn),
            _address(drawn),
            _first_visit(drawn),
        )

    def offers(self, number: int) -> list[Offer]:
        if number % WITHOUT_OFFERS_EVERY == WITHOUT_OFFERS_EVERY - 1:
            return []
        drawn = self._draw(number)
        count = _OFFERS[drawn[22]] + self._more(number)
        raw = shake_128(b"%d:%d" % (self._seed, number)).digest(count * _BYTES_PER_OFFER)
        seller_id = str(FIRST_ID + number)
        from_feed = 205 if drawn[0] < FEED_BYTE else 0  # of 256: a feed brings 80 % of the offers
        first_day = _first_day(drawn)
        span = DAYS - first_day
        offers = []
        for at in range(0, len(raw), _BYTES_PER_OFFER):
            status, source, kind, high, low, moment = raw[at : at + _BYTES_PER_OFFER]
            condition = "used" if kind > 110 else "new" if kind > 30 else None
            category = drawn[25] if kind & 3 else drawn[25 + kind % 7]
            offers.append(
                Offer(
                    f"{seller_id}{at // _BYTES_PER_OFFER:03}",
                    seller_id,
                    _STATUS[status],
                    "feed" if source < from_feed else "form",
                    condition,
                    CATEGORIES[category % len(CATEGORIES)],
                    f"{_DATE[first_day + (high << 8 | low) % span]} {_TIME[moment]}",
                )
            )
        return offers

    def feed(self, number: int) -> Feed | None:
        drawn = self._draw(number)
        if drawn[0] >= FEED_BYTE:
            return None
        base = f"https://feeds.example.ru/{FIRST_ID + number}"
        return Feed(f"{base}/feed.xml", f"{base}/errors" if drawn[24] < 150 else None)

    def _draw(self, number: int) -> bytes:
        return blake2b(b"%d:%d" % (self._seed, number), digest_size=32).digest()

    def _more(self, number: int) -> int:
        if not self._changed_share:
            return 0
        drawn = fraction(self._changed_seed, number)
        return 1 + int(drawn * 1e6) % 3 if drawn < self._changed_share else 0


def _name(drawn: bytes) -> str | None:
    kind, first, second = drawn[1:4]
    surname = SURNAMES[second % len(SURNAMES)]
    woman = first & 1
    given = (WOMEN if woman else MEN)[(first >> 1) % (len(WOMEN) if woman else len(MEN))]
    if kind < 60:
        return given
    if kind < 150:
        return f"{given} {surname}{'а' * woman}"
    if kind < 180:
        return f"ИП {surname}{'а' * woman} {given[0]}. {MEN[second % len(MEN)][0]}."
    if kind < 252:
        form = COMPANY_FORMS[second % len(COMPANY_FORMS)]
        return form.format(SHOPS[first % len(SHOPS)], CITIES[second % len(CITIES)])
    return None


def _phone(drawn: bytes) -> str | None:
    form = drawn[4]
    number = int.from_bytes(drawn[5:10]) % 1_000_000_000
    digits = f"9{number:09}"
    if form < 180:
        return f"+7{digits}"
    if form < 215:
        return f"8 ({digits[:3]}) {digits[3:6]}-{digits[6:8]}-{digits[8:]}"
    if form < 230:
        return f"8{digits}"
    if form < 242:
        return f"+7 {digits[:3]} {digits[3:6]}-{digits[6:8]}-{digits[8:]}"
    return NO_PHONES[form % len(NO_PHONES)] if form < 247 else None


def _email(drawn: bytes) -> str | None:
    form, host, number = drawn[10:13]
    if form >= 230:
        return None
    user = _LATIN_SURNAMES[drawn[3] % len(_LATIN_SURNAMES)]
    text = f"{user}.{drawn[2] << 8 | number}@{MAIL_HOSTS[host % len(MAIL_HOSTS)]}"
    return text.title() if form < 20 else text


def _address(drawn: bytes) -> str | None:
    form, city, street, house = drawn[13:17]
    if form >= 200:
        return None
    if form < 40:
        return CITIES[city % len(CITIES)]
    return f"{CITIES[city % len(CITIES)]}, {STREETS[street % len(STREETS)]}, д. {1 + house % 150}"


def _first_day(drawn: bytes) -> int:
    """The day of the first visit, counted from FIRST_DAY; a month remains for offers."""
    return (drawn[17] << 8 | drawn[18]) % (DAYS - 30)


def _first_visit(drawn: bytes) -> str | None:
    return f"{_DATE[_first_day(drawn)]} {_TIME[drawn[19]]}" if drawn[20] >= 6 else None
