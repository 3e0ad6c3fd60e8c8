"""Leads: read through the API, made and moved by managers (that is: the control plane)."""

from dataclasses import dataclass, field
from typing import Any

from emulators.amocrm.account import LOST, WON
from emulators.amocrm.fields import FieldBook
from emulators.amocrm.showing import custom_fields_values
from emulators.amocrm.values import Stored

FIRST_ID = 8_000_001


@dataclass(slots=True)
class Lead:
    id: int
    name: str
    pipeline_id: int
    status_id: int
    created_at: int
    updated_at: int
    responsible_user_id: int
    price: int = 0
    company_id: int | None = None
    closed_at: int | None = None
    values: list[Stored] = field(default_factory=list)

    def move(self, *, pipeline_id: int, status_id: int, now: float) -> None:
        self.pipeline_id, self.status_id = pipeline_id, status_id
        self.updated_at = int(now)
        self.closed_at = int(now) if status_id in (WON, LOST) else None


class LeadBook:
    def __init__(self) -> None:
        self.by_id: dict[int, Lead] = {}

    def add(self, *, name: str, pipeline_id: int, status_id: int, now: float, user: int) -> Lead:
        lead = Lead(
            FIRST_ID + len(self.by_id), name, pipeline_id, status_id, int(now), int(now), user
        )
        self.by_id[lead.id] = lead
        return lead

    def of_company(self, company_id: int) -> list[Lead]:
        return [lead for lead in self.by_id.values() if lead.company_id == company_id]


def shown_lead(lead: Lead, book: FieldBook, *, account_id: int) -> dict[str, Any]:
    companies = [] if lead.company_id is None else [{"id": lead.company_id}]
    return {
        "id": lead.id,
        "name": lead.name,
        "price": lead.price,
        "responsible_user_id": lead.responsible_user_id,
        "group_id": 0,
        "status_id": lead.status_id,
        "pipeline_id": lead.pipeline_id,
        "loss_reason_id": None,
        "created_by": lead.responsible_user_id,
        "updated_by": lead.responsible_user_id,
        "created_at": lead.created_at,
        "updated_at": lead.updated_at,
        "closed_at": lead.closed_at,
        "closest_task_at": None,
        "is_deleted": False,
        "custom_fields_values": custom_fields_values(book, lead.values),
        "score": None,
        "account_id": account_id,
        "labor_cost": None,
        "_embedded": {"tags": [], "companies": companies},
    }
