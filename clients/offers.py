"""The offers service: what a seller sells, in figures. Its contract is ours
(docs/contracts/offers.openapi.yaml)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from clients.calls import Call, segment
from clients.json_service import JsonService
from clients.pacing import Lane
from clients.shapes import (
    JsonObject,
    ShapeError,
    complete,
    count,
    counts,
    moment_or_none,
    text,
    texts,
    yes_or_no,
)
from clients.transport import PATIENCE, Transport


@dataclass(frozen=True, slots=True)
class OfferStats:
    """A seller's offers, in the terms of a warehouse's row.

    `first_offer_at`: aware, UTC. `offers_by_status` and `categories` are sorted by name, and what
    has an empty name is left out of them.
    """

    first_offer_at: datetime | None
    offers_total: int
    offers_by_status: Mapping[str, int]
    has_feed: bool
    has_form: bool
    has_used: bool
    has_new: bool
    categories: tuple[str, ...]


class Offers:
    """The service, for one thread."""

    def __init__(self, transport: Transport) -> None:
        self._service = JsonService(transport)

    def stats(
        self,
        seller_id: str,
        *,
        lane: Lane = Lane.INTERACTIVE,
        patience: float = PATIENCE,
    ) -> OfferStats:
        """The figures; zeros where the seller has no offers, or nobody knows the seller.

        Only a complete and well-formed 200 is returned, everything else raises, a 404 too.
        ValueError: `seller_id` is no id at all (`segment`).
        """
        call = Call("GET", f"/api/v1/sellers/{segment(seller_id)}/stats")
        return self._service.fetch(
            call, lambda found: _stats(found, seller_id), lane=lane, patience=patience
        )


def _stats(found: JsonObject, asked: str) -> OfferStats:
    complete(found, "first_offer_at")
    if text(found, "seller_id") != asked:
        raise ShapeError("seller_id is not the one that was asked for")
    by_status = counts(found, "offers_by_status")
    return OfferStats(
        first_offer_at=moment_or_none(found, "first_offer_at"),
        offers_total=count(found, "offers_total"),
        offers_by_status={status: by_status[status] for status in sorted(by_status) if status},
        has_feed=yes_or_no(found, "has_feed"),
        has_form=yes_or_no(found, "has_form"),
        has_used=yes_or_no(found, "has_used"),
        has_new=yes_or_no(found, "has_new"),
        categories=tuple(sorted({each for each in texts(found, "categories") if each})),
    )
