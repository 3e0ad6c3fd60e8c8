"""The sellers service: who a seller is. Its contract is ours
(docs/contracts/sellers.openapi.yaml)."""

from dataclasses import dataclass
from datetime import datetime

from clients.calls import Call, segment
from clients.json_service import JsonService
from clients.pacing import Lane
from clients.shapes import JsonObject, ShapeError, complete, moment_or_none, text, text_or_none
from clients.transport import PATIENCE, Transport


@dataclass(frozen=True, slots=True)
class Seller:
    """A seller, as the service has them. `first_visit_at`: aware, UTC."""

    seller_id: str
    phone: str | None
    email: str | None
    name: str | None
    sale_address: str | None
    first_visit_at: datetime | None


class Sellers:
    """The service, for one thread."""

    def __init__(self, transport: Transport) -> None:
        self._service = JsonService(transport)

    def get(
        self,
        seller_id: str,
        *,
        lane: Lane = Lane.INTERACTIVE,
        patience: float = PATIENCE,
    ) -> Seller | None:
        """The seller; None where the service itself says that there is none (404).

        Only a complete and well-formed answer is returned, everything else raises. ValueError:
        `seller_id` is no id at all (`segment`).
        """
        call = Call("GET", f"/api/v1/sellers/{segment(seller_id)}", may_be_absent=True)
        return self._service.find(
            call, lambda found: _seller(found, seller_id), lane=lane, patience=patience
        )


def _seller(found: JsonObject, asked: str) -> Seller:
    complete(found, "phone", "email", "name", "sale_address", "first_visit_at")
    if text(found, "seller_id") != asked:
        raise ShapeError("seller_id is not the one that was asked for")
    return Seller(
        seller_id=asked,
        phone=text_or_none(found, "phone"),
        email=text_or_none(found, "email"),
        name=text_or_none(found, "name"),
        sale_address=text_or_none(found, "sale_address"),
        first_visit_at=moment_or_none(found, "first_visit_at"),
    )
