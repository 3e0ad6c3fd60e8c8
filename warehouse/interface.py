"""What the product asks of a warehouse: one row per seller, computed once per run, read by range.

A run starts the aggregate, stores the handle, looks at it until it is ready, and then any number of
processes read ranges of it. Nobody ever waits inside a call for the whole query.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol

READ_ROWS_MAX = 5_000  # rows per read: ten portions; bounds the memory of one call


class WarehouseError(Exception):
    """The warehouse cannot do this now, or not as it is configured. Finished work is kept.

    The text tells an operator what to do. Looking again later may succeed.
    """


class SnapshotError(WarehouseError):
    """This snapshot cannot be had, however often one looks: the run has failed.

    The text names the file or column and tells an operator what to do.
    """


class SnapshotState(StrEnum):
    """What a started aggregate is doing. A failed one has no state: it raises SnapshotError."""

    RUNNING = "running"
    READY = "ready"


class SellerRow(NamedTuple):
    """Everything the warehouse knows about one seller with at least one offer.

    Texts are as they came. Times are aware, in UTC; one outside the years 1 to 9998 is None.
    `offers_by_status` and `categories` are sorted by name; an offer whose status is absent or
    empty counts in `offers_total` only.
    """

    seller_id: str
    phone: str | None
    email: str | None
    name: str | None
    sale_address: str | None
    first_visit_at: datetime | None
    first_offer_at: datetime | None
    offers_total: int
    offers_by_status: Mapping[str, int]
    has_feed: bool
    has_form: bool
    has_used: bool
    has_new: bool
    categories: tuple[str, ...]


class SellerRecord(Protocol):
    """A seller's row that is not taken apart yet: of a million sellers nearly all are as they were."""

    @property
    def seller_id(self) -> str: ...

    @property
    def content(self) -> bytes:
        """Everything in the row: equal ones of one `Warehouse.version` are equal rows."""
        ...

    def row(self) -> SellerRow:
        """The row, taken apart."""
        ...


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a started aggregate has become. `rows` is None while it is running.

    `progress`: from 0 to 1. `as_of`: the moment the data were written, UTC.
    """

    handle: str
    state: SnapshotState
    progress: float
    rows: int | None
    as_of: datetime


@dataclass(frozen=True, slots=True)
class SnapshotFacts:
    """The snapshot in figures. Two sums hold, so that no row is lost unseen:

    sellers = rows of the aggregate + duplicate_sellers + sellers_without_id
              + sellers_without_offers
    offers  = offers of the aggregate + orphan_offers + offers_without_seller_id

    `statuses`: offers of the aggregate by status. `categories`: sorted.
    """

    sellers: int
    offers: int
    statuses: Mapping[str, int]
    categories: tuple[str, ...]
    duplicate_sellers: int  # rows that lost to another row of the same seller
    sellers_without_id: int  # null or empty
    sellers_without_offers: int
    orphan_offers: int  # their seller is not in the table of sellers
    offers_without_seller_id: int


class Warehouse(Protocol):
    """Any method raises WarehouseError; SnapshotError, one of them, is final for the run."""

    @property
    def version(self) -> str:
        """Of the query: changes when the same data could give other rows."""
        ...

    def start(self, *, run: str) -> str:
        """Begin the aggregate of `run`; return its handle. A second start changes nothing.

        `run`: up to 64 letters, digits, `-` and `_`.
        """
        ...

    def look(self, handle: str) -> Snapshot:
        """Tell how far the aggregate is. To be repeated until it is ready.

        A warehouse that has no server of its own does the next bounded piece of work in here
        (seconds); one with a server only asks it. Any number of processes may look at once.
        """
        ...

    def read(self, handle: str, *, start: int, stop: int) -> Sequence[SellerRecord]:
        """Rows [start, stop) of a ready snapshot in the byte order of seller_id.

        At most READ_ROWS_MAX; fewer than asked only behind the last row.
        """
        ...

    def facts(self, handle: str) -> SnapshotFacts:
        """The figures of a ready snapshot."""
        ...

    def discard(self, handle: str) -> None:
        """Drop what the snapshot occupies; nothing happens if it is gone already."""
        ...
