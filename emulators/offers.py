"""The offers service: what a seller sells, in figures."""

from collections import Counter
from typing import Any

from emulators.inhouse import InhouseService
from emulators.messages import Request, Response, answer
from emulators.people import Offer, People
from emulators.sellers import as_json_time


class OffersService(InhouseService):
    def __init__(self, people: People) -> None:
        super().__init__()
        self._people = people
        self.routes.add("GET", "/api/v1/sellers/{seller_id}/stats", self._stats)

    def _stats(self, request: Request) -> Response:
        """A seller that nobody knows has no offers."""
        seller_id = request.params["seller_id"]
        number = self._people.number_of(seller_id)
        offers = [] if number is None else self._people.offers(number)
        return answer({"seller_id": seller_id, **figures(offers)})


def figures(offers: list[Offer]) -> dict[str, Any]:
    return {
        "first_offer_at": as_json_time(min((offer.created_at for offer in offers), default=None)),
        "offers_total": len(offers),
        "offers_by_status": Counter(offer.status for offer in offers),
        "has_feed": any(offer.source == "feed" for offer in offers),
        "has_form": any(offer.source == "form" for offer in offers),
        "has_used": any(offer.condition == "used" for offer in offers),
        "has_new": any(offer.condition == "new" for offer in offers),
        "categories": sorted({offer.category for offer in offers}),
    }
