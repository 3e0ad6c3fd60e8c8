"""What parts of the control plane share."""

from typing import Any, Protocol

from emulators.amocrm.account import ADMIN_ID
from emulators.amocrm.companies import Company
from emulators.amocrm.fields import CustomField, FieldBook
from emulators.amocrm.leads import Lead
from emulators.amocrm.state import State
from emulators.amocrm.values import Stored, read_values
from emulators.routing import Handler
from emulators.service import ControlRefusedError

MANAGER_ID = ADMIN_ID + 1

Routes = tuple[tuple[str, str, Handler], ...]  # method, path below /_control/, who serves it


class Desk(Protocol):
    """A group of control requests."""

    def routes(self) -> Routes: ...


def live_company(state: State, company_id: Any) -> Company:
    company = state.companies.live(company_id)
    if company is None:
        raise ControlRefusedError(f"no such company: {company_id}")
    return company


def live_lead(state: State, lead_id: Any) -> Lead:
    lead = state.leads.live(lead_id)
    if lead is None:
        raise ControlRefusedError(f"no such lead: {lead_id}")
    return lead


def acting_user(state: State, body: dict[str, Any]) -> int:
    """Who does it: `user_id` of the account, the manager unless told."""
    user = body.get("user_id", MANAGER_ID)
    if user not in state.users and user != MANAGER_ID:
        raise ControlRefusedError(f"no such user: {user}")
    return int(user)


def stage_of(state: State, body: dict[str, Any], pipeline_id: int) -> tuple[int, int]:
    """By `status` (a name, in whatever pipeline has it), or by ids; else the first stage."""
    wanted = body.get("pipeline_id")
    for pipeline in state.pipelines:
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


def field_of(book: FieldBook, key: str) -> CustomField:
    field = book.find(key)
    if field is None:
        raise ControlRefusedError(f"no such field: {key}")
    return field


def plain_values(book: FieldBook, given: dict[str, Any]) -> dict[int, Stored]:
    """Fields by code, name or id; a plain value, a list of plain values, or None to clear."""
    values: dict[int, Stored] = {}
    for key, value in given.items():
        field = field_of(book, key)
        elements = value if isinstance(value, list) else [] if value is None else [value]
        full = [each if isinstance(each, dict) else {"value": each} for each in elements]
        values[field.slot] = read_values(field, full, None)
    return values
