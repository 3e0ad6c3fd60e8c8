"""What managers do with companies."""

from typing import Any

from emulators.amocrm.companies import Company, Draft, audited
from emulators.amocrm.desks import (
    MANAGER_ID,
    Routes,
    acting_user,
    field_of,
    live_company,
    plain_values,
)
from emulators.amocrm.hooks import triggers
from emulators.amocrm.showing import short
from emulators.amocrm.state import State
from emulators.messages import Request, Response, answer
from emulators.service import ControlRefusedError, json_body, json_object


class CompanyDesk:
    def __init__(self, state: State) -> None:
        self._state = state

    def routes(self) -> Routes:
        return (
            ("POST", "companies", self._create),
            ("POST", "companies/merge", self._merge),
            ("PATCH", "companies/{id:int}", self._edit),
            ("DELETE", "companies/{id:int}", self._delete),
            ("POST", "companies/{id:int}/restore", self._restore),
        )

    def _create(self, request: Request) -> Response:
        state = self._state
        body = json_body(request)
        if not isinstance(body, list) or not all(isinstance(each, dict) for each in body):
            raise ControlRefusedError("a list of companies")
        drafts = [self._draft(described) for described in body]
        lag = state.settings.index_lag_seconds
        created = [
            state.companies.create(draft, now=state.clock.now(), lag=lag, user=MANAGER_ID)
            for draft in drafts
        ]
        triggers.companies_added(state, created)
        return answer({"ids": [company.id for company in created]})

    def _edit(self, request: Request) -> Response:
        state, company = self._state, live_company(self._state, int(request.params["id"]))
        described = json_object(request)
        for key in described.get("fields", {}):
            if field_of(state.fields["companies"], key).is_api_only:
                raise ControlRefusedError(f"{key} is api-only: no manager can edit it")
        draft = self._draft(described)
        if "responsible_user_id" in described:
            draft.attributes["responsible_user_id"] = int(described["responsible_user_id"])
        was = company.responsible_user_id
        state.companies.update(
            company,
            draft,
            now=state.clock.now(),
            lag=state.settings.index_lag_seconds,
            user=acting_user(state, described),
        )
        triggers.companies_updated(state, [(company, was)])
        return self._audited(company)

    def _delete(self, request: Request) -> Response:
        company = live_company(self._state, int(request.params["id"]))
        self._state.companies.delete(company, now=self._state.clock.now())
        triggers.company_deleted(self._state, company)
        return self._audited(company)

    def _restore(self, request: Request) -> Response:
        state = self._state
        company = state.companies.by_id.get(int(request.params["id"]))
        if company is None or not company.is_deleted:
            raise ControlRefusedError("no such deleted company")
        state.companies.restore(company, now=state.clock.now(), user=MANAGER_ID)
        triggers.company_restored(state, company)
        return self._audited(company)

    def _merge(self, request: Request) -> Response:
        state, body = self._state, json_object(request)
        keep, drop = (live_company(state, body.get(key)) for key in ("keep", "drop"))
        if keep is drop:
            raise ControlRefusedError("a company is not merged with itself")
        for lead in state.leads.of_company(drop.id):
            state.leads.link(lead, keep.id)
        now, lag = state.clock.now(), state.settings.index_lag_seconds
        state.companies.merge(keep=keep, drop=drop, now=now, lag=lag, user=MANAGER_ID)
        triggers.companies_updated(state, [(keep, keep.responsible_user_id)])
        triggers.company_deleted(state, drop)
        return self._audited(keep)

    def _draft(self, described: dict[str, Any]) -> Draft:
        values = plain_values(self._state.fields["companies"], described.get("fields", {}))
        return Draft("", name=described.get("name"), values=values)

    def _audited(self, company: Company) -> Response:
        fields = short(self._state.fields["companies"], company.values)
        return answer(audited(company, fields))
