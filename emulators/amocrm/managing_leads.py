"""What managers do with leads."""

from copy import copy
from typing import Any

from emulators.amocrm.desks import (
    MANAGER_ID,
    Routes,
    acting_user,
    live_lead,
    plain_values,
    stage_of,
)
from emulators.amocrm.hooks import triggers
from emulators.amocrm.leads import Lead
from emulators.amocrm.state import State
from emulators.messages import Request, Response, answer
from emulators.service import ControlRefusedError, json_object


class LeadDesk:
    def __init__(self, state: State) -> None:
        self._state = state

    def routes(self) -> Routes:
        return (
            ("POST", "leads", self._create),
            ("PATCH", "leads/{id:int}", self._edit),
            ("DELETE", "leads/{id:int}", self._delete),
            ("POST", "leads/{id:int}/restore", self._restore),
        )

    def _create(self, request: Request) -> Response:
        state, body = self._state, json_object(request)
        lead = state.leads.add(
            name=body.get("name", "Сделка"),
            stage=stage_of(state, body, state.pipelines[0].id),
            now=state.clock.now(),
            user=acting_user(state, body),
        )
        self._apply(lead, body)
        triggers.lead_added(state, lead)
        return _shown(lead)

    def _edit(self, request: Request) -> Response:
        state, body = self._state, json_object(request)
        lead = live_lead(state, int(request.params["id"]))
        was, now = copy(lead), state.clock.now()
        if {"status", "status_id"} & body.keys():
            pipeline_id, status_id = stage_of(state, body, lead.pipeline_id)
            lead.move(pipeline_id=pipeline_id, status_id=status_id, now=now)
        lead.touch(now=now, user=acting_user(state, body))
        self._apply(lead, body)
        triggers.lead_updated(state, lead, was=was)
        return _shown(lead)

    def _delete(self, request: Request) -> Response:
        lead = live_lead(self._state, int(request.params["id"]))
        lead.is_deleted = True
        lead.touch(now=self._state.clock.now(), user=MANAGER_ID)
        triggers.lead_deleted(self._state, lead)
        return _shown(lead)

    def _restore(self, request: Request) -> Response:
        lead = self._state.leads.by_id.get(int(request.params["id"]))
        if lead is None or not lead.is_deleted:
            raise ControlRefusedError("no such deleted lead")
        lead.is_deleted = False
        lead.touch(now=self._state.clock.now(), user=MANAGER_ID)
        triggers.lead_restored(self._state, lead)
        return _shown(lead)

    def _apply(self, lead: Lead, body: dict[str, Any]) -> None:
        values = plain_values(self._state.fields["leads"], body.get("fields", {}))
        lead.name = body.get("name", lead.name)
        lead.price = body.get("price", lead.price)
        lead.responsible_user_id = int(body.get("responsible_user_id", lead.responsible_user_id))
        if "company_id" in body:
            self._state.leads.link(lead, body["company_id"])
        for slot, stored in values.items():
            lead.values.extend([None] * (slot + 1 - len(lead.values)))
            lead.values[slot] = stored


def _shown(lead: Lead) -> Response:
    return answer({"id": lead.id, "pipeline_id": lead.pipeline_id, "status_id": lead.status_id})
