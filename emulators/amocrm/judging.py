"""What judges ask: the true state of the account, whatever the API shows."""

from typing import Any

from emulators.amocrm.companies import Company, audited
from emulators.amocrm.desks import Routes
from emulators.amocrm.showing import short
from emulators.amocrm.state import State
from emulators.messages import Request, Response, answer
from emulators.service import ControlRefusedError

MAX_AUDITED = 10_000  # companies or notes in one answer
MAX_NAMED = 20  # duplicated sellers named in the audit


class Judge:
    def __init__(self, state: State) -> None:
        self._state = state

    def routes(self) -> Routes:
        return (
            ("GET", "audit/companies", self._companies),
            ("GET", "audit/seller/{id:path}", self._seller),
            ("GET", "audit/notes", self._notes),
        )

    def audit(self) -> dict[str, Any]:
        state = self._state
        with state.lock:
            sellers = state.companies.sellers(state.seller_slot())
            doubled = {name: ids for name, ids in sellers.items() if len(ids) > 1}
            return {
                "companies": state.companies.live_count,
                "deleted_companies": len(state.companies.by_id) - state.companies.live_count,
                "sellers": len(sellers),
                "duplicated_sellers": dict(list(doubled.items())[:MAX_NAMED]),
                "max_companies_per_seller": max(map(len, sellers.values()), default=0),
                "created_items": state.created_items,
                "updated_items": state.updated_items,
                "notes": len(state.notes),
                "arrivals": state.arrivals.summary(),
                "arrivals_of_writes": state.arrivals_of_writes.summary(),
                "rate_violations": state.limiter.violations,
                "blocked": state.limiter.blocked,
                "hooks": state.hook_counts(),
            }

    def _companies(self, request: Request) -> Response:
        given = dict(request.query())
        limit = min(int(given.get("limit", 1000)), MAX_AUDITED)
        companies = self._state.companies.after(int(given.get("after", 0)), limit)
        return answer({"companies": [self._audited(company) for company in companies]})

    def _seller(self, request: Request) -> Response:
        state = self._state
        slot, seller = state.seller_slot(), request.params["id"]
        companies = [
            self._audited(company)
            for company in state.companies.by_id.values()
            if slot is not None and company.value(slot) == seller
        ]
        return answer({"seller_id": seller, "companies": companies})

    def _notes(self, request: Request) -> Response:
        """Of one card, the oldest first."""
        given = dict(request.query())
        if given.get("entity") not in self._state.fields:
            raise ControlRefusedError("entity: companies or leads")
        notes = self._state.notes.of(given["entity"], int(given.get("id", "")))
        shown = [
            {
                "id": note.id,
                "text": note.text,
                "created_at": note.created_at,
                "created_by": note.created_by,
            }
            for note in notes[:MAX_AUDITED]
        ]
        return answer({"total": len(notes), "notes": shown})

    def _audited(self, company: Company) -> dict[str, Any]:
        return audited(company, short(self._state.fields["companies"], company.values))
