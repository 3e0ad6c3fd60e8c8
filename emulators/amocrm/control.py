"""What people do in the account, and what judges ask: the amoCRM part of the control plane."""

from typing import Any

from emulators.amocrm.account import ADMIN_ID
from emulators.amocrm.companies import Company, Draft, audited
from emulators.amocrm.fields import CustomField, EnumValue, FieldBook
from emulators.amocrm.leads import Lead
from emulators.amocrm.problems import RefusedError
from emulators.amocrm.showing import short
from emulators.amocrm.state import State
from emulators.amocrm.values import Stored, read_values
from emulators.messages import Request, Response, answer
from emulators.routing import Handler, Router
from emulators.service import ControlRefusedError, json_body, json_object

MANAGER_ID = ADMIN_ID + 1
MAX_AUDITED = 10_000  # companies in one answer
MAX_NAMED = 20  # duplicated sellers named in the audit


class Control:
    """Requests of managers and judges; nothing here is counted or limited."""

    def __init__(self, state: State) -> None:
        self._state = state

    def add_routes(self, router: Router) -> None:
        for method, path, handler in (
            ("POST", "companies", self.create_companies),
            ("POST", "companies/merge", self.merge_companies),
            ("PATCH", "companies/{id:int}", self.edit_company),
            ("DELETE", "companies/{id:int}", self.delete_company),
            ("DELETE", "custom_fields/{key}", self.delete_field),
            ("DELETE", "enums/{key}/{value:path}", self.delete_enum),
            ("DELETE", "users/{id:int}", self.delete_user),
            ("POST", "leads", self.create_lead),
            ("PATCH", "leads/{id:int}", self.edit_lead),
            ("POST", "flood_block", self.flood_block),
            ("POST", "tokens/revoke", self.revoke_tokens),
            ("POST", "tokens/code", self.new_code),
            ("GET", "audit/companies", self.audit_companies),
            ("GET", "audit/seller/{id:path}", self.audit_seller),
        ):
            router.add(method, f"/_control/{path}", self._locked(handler))

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
            }

    def create_companies(self, request: Request) -> Response:
        state = self._state
        body = json_body(request)
        if not isinstance(body, list) or not all(isinstance(each, dict) for each in body):
            raise ControlRefusedError("a list of companies")
        created = []
        for described in body:
            draft = Draft("", name=described.get("name"))
            draft.values = _values(state.fields["companies"], described.get("fields", {}))
            company = state.companies.create(
                draft,
                now=state.clock.now(),
                lag=state.settings.index_lag_seconds,
                user=MANAGER_ID,
            )
            created.append(company.id)
        return answer({"ids": created})

    def edit_company(self, request: Request) -> Response:
        state, company = self._state, self._company(int(request.params["id"]))
        described = json_object(request)
        book = state.fields["companies"]
        for key in described.get("fields", {}):
            if _field(book, key).is_api_only:
                raise ControlRefusedError(f"{key} is api-only: no manager can edit it")
        draft = Draft("", name=described.get("name"))
        draft.values = _values(book, described.get("fields", {}))
        if "responsible_user_id" in described:
            draft.attributes["responsible_user_id"] = int(described["responsible_user_id"])
        state.companies.update(
            company,
            draft,
            now=state.clock.now(),
            lag=state.settings.index_lag_seconds,
            user=MANAGER_ID,
        )
        return answer(self._audited(company))

    def delete_company(self, request: Request) -> Response:
        company = self._company(int(request.params["id"]))
        self._state.companies.delete(company, now=self._state.clock.now())
        return answer(self._audited(company))

    def merge_companies(self, request: Request) -> Response:
        state, body = self._state, json_object(request)
        keep, drop = (self._company(body.get(key)) for key in ("keep", "drop"))
        if keep is drop:
            raise ControlRefusedError("a company is not merged with itself")
        for lead in state.leads.of_company(drop.id):
            lead.company_id = keep.id
        lag = state.settings.index_lag_seconds
        state.companies.merge(keep=keep, drop=drop, now=state.clock.now(), lag=lag)
        return answer(self._audited(keep))

    def delete_field(self, request: Request) -> Response:
        for book in self._state.fields.values():
            if field := book.find(request.params["key"]):
                book.remove(field)
                return answer({"deleted": field.id})
        raise ControlRefusedError("no such field")

    def delete_enum(self, request: Request) -> Response:
        field = _field(self._state.fields["companies"], request.params["key"])
        kept: list[EnumValue] = [
            each for each in field.enums.values() if each.value != request.params["value"]
        ]
        if len(kept) == len(field.enums):
            raise ControlRefusedError("no such value")
        field.set_enums(kept)
        return answer({"left": len(kept)})

    def delete_user(self, request: Request) -> Response:
        if self._state.users.pop(int(request.params["id"]), None) is None:
            raise ControlRefusedError("no such user")
        return answer({"users": list(self._state.users)})

    def create_lead(self, request: Request) -> Response:
        state, body = self._state, json_object(request)
        pipeline_id, status_id = self._stage(body, state.pipelines[0].id)
        lead = state.leads.add(
            name=body.get("name", "Сделка"),
            pipeline_id=pipeline_id,
            status_id=status_id,
            now=state.clock.now(),
            user=MANAGER_ID,
        )
        self._edit(lead, body)
        return answer({"id": lead.id, "pipeline_id": pipeline_id, "status_id": status_id})

    def edit_lead(self, request: Request) -> Response:
        state, body = self._state, json_object(request)
        lead = state.leads.by_id.get(int(request.params["id"]))
        if lead is None:
            raise ControlRefusedError("no such lead")
        if {"status", "status_id"} & body.keys():
            pipeline_id, status_id = self._stage(body, lead.pipeline_id)
            lead.move(pipeline_id=pipeline_id, status_id=status_id, now=state.clock.now())
        lead.updated_at = int(state.clock.now())
        self._edit(lead, body)
        return answer({"id": lead.id, "pipeline_id": lead.pipeline_id, "status_id": lead.status_id})

    def flood_block(self, request: Request) -> Response:
        blocked = json_object(request).get("blocked") is True
        self._state.limiter.set_blocked(blocked)
        return answer({"blocked": blocked})

    def revoke_tokens(self, request: Request) -> Response:
        self._state.tokens.revoke()
        return answer({"revoked": True})

    def new_code(self, request: Request) -> Response:
        return answer({"code": self._state.tokens.new_code()})

    def audit_companies(self, request: Request) -> Response:
        given = dict(request.query())
        limit = min(int(given.get("limit", 1000)), MAX_AUDITED)
        companies = self._state.companies.after(int(given.get("after", 0)), limit)
        return answer({"companies": [self._audited(company) for company in companies]})

    def audit_seller(self, request: Request) -> Response:
        state = self._state
        slot, seller = state.seller_slot(), request.params["id"]
        companies = [
            self._audited(company)
            for company in state.companies.by_id.values()
            if slot is not None and company.value(slot) == seller
        ]
        return answer({"seller_id": seller, "companies": companies})

    def _locked(self, handler: Handler) -> Handler:
        def locked(request: Request) -> Response:
            with self._state.lock:
                try:
                    return handler(request)
                except RefusedError as error:
                    raise ControlRefusedError(f"{error.path}: {error.detail}") from error
                except ValueError as error:  # something is no number
                    raise ControlRefusedError(str(error)) from error

        return locked

    def _company(self, company_id: Any) -> Company:
        company = self._state.companies.live(company_id)
        if company is None:
            raise ControlRefusedError(f"no such company: {company_id}")
        return company

    def _audited(self, company: Company) -> dict[str, Any]:
        return audited(company, short(self._state.fields["companies"], company.values))

    def _stage(self, body: dict[str, Any], pipeline_id: int) -> tuple[int, int]:
        """By `status` (a name, in whatever pipeline has it), or by ids; else the first stage."""
        wanted = body.get("pipeline_id")
        for pipeline in self._state.pipelines:
            for status in pipeline.statuses:
                if "status" in body:
                    found = status.name == body["status"] and wanted in (None, pipeline.id)
                else:
                    found = pipeline.id == (wanted or pipeline_id) and (
                        body.get("status_id", status.id) == status.id
                    )
                if found:
                    return pipeline.id, status.id
        raise ControlRefusedError("no such stage")

    def _edit(self, lead: Lead, body: dict[str, Any]) -> None:
        lead.name = body.get("name", lead.name)
        lead.price = body.get("price", lead.price)
        lead.company_id = body.get("company_id", lead.company_id)
        book = self._state.fields["leads"]
        for slot, stored in _values(book, body.get("fields", {})).items():
            lead.values.extend([None] * (slot + 1 - len(lead.values)))
            lead.values[slot] = stored


def _field(book: FieldBook, key: str) -> CustomField:
    field = book.find(key)
    if field is None:
        raise ControlRefusedError(f"no such field: {key}")
    return field


def _values(book: FieldBook, given: dict[str, Any]) -> dict[int, Stored]:
    """Fields by code, name or id; a plain value, a list of plain values, or None to clear."""
    values: dict[int, Stored] = {}
    for key, value in given.items():
        field = _field(book, key)
        elements = value if isinstance(value, list) else [] if value is None else [value]
        full = [each if isinstance(each, dict) else {"value": each} for each in elements]
        values[field.slot] = read_values(field, full, None)
    return values
