"""The sellers service: who a seller is."""

from emulators.inhouse import InhouseService, unknown
from emulators.messages import Request, Response, answer
from emulators.people import People


class SellersService(InhouseService):
    def __init__(self, people: People) -> None:
        super().__init__()
        self._people = people
        self.routes.add("GET", "/api/v1/sellers/{seller_id}", self._get)

    def _get(self, request: Request) -> Response:
        number = self._people.number_of(request.params["seller_id"])
        if number is None:
            return unknown("no such seller")
        seller = self._people.seller(number)._asdict()
        return answer({**seller, "first_visit_at": as_json_time(seller["first_visit_at"])})


def as_json_time(moment: str | None) -> str | None:
    """ISO 8601 in UTC."""
    return None if moment is None else f"{moment.replace(' ', 'T')}Z"
