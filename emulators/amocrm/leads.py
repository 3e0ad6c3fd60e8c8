"""Leads: read through the API, made and moved by managers (that is: the control plane)."""

from bisect import bisect_left, insort
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
    created_by: int
    updated_by: int
    price: int = 0
    company_id: int | None = None
    closed_at: int | None = None
    is_deleted: bool = False
    values: list[Stored] = field(default_factory=list)

    @property
    def stage(self) -> tuple[int, int]:
        """Statuses of different pipelines may share an id."""
        return self.pipeline_id, self.status_id

    def value(self, slot: int) -> Stored:
        return self.values[slot] if slot < len(self.values) else None

    def move(self, *, pipeline_id: int, status_id: int, now: float) -> None:
        self.pipeline_id, self.status_id = pipeline_id, status_id
        self.closed_at = int(now) if status_id in (WON, LOST) else None

    def touch(self, *, now: float, user: int) -> None:
        self.updated_at, self.updated_by = int(now), user


class LeadBook:
    """Ids grow with time."""

    def __init__(self) -> None:
        self.by_id: dict[int, Lead] = {}
        self._of_company: dict[int, list[int]] = {}

    def add(self, *, name: str, stage: tuple[int, int], now: float, user: int) -> Lead:
        lead = Lead(FIRST_ID + len(self.by_id), name, *stage, int(now), int(now), user, user, user)
        self.by_id[lead.id] = lead
        return lead

    def live(self, lead_id: int) -> Lead | None:
        lead = self.by_id.get(lead_id)
        return None if lead is None or lead.is_deleted else lead

    def of_company(self, company_id: int) -> list[Lead]:
        leads = (self.by_id[lead_id] for lead_id in self._of_company.get(company_id, ()))
        return [lead for lead in leads if not lead.is_deleted]

    def link(self, lead: Lead, company_id: int | None) -> None:
        """A lead has one company at most."""
        if lead.company_id is not None:
            linked = self._of_company[lead.company_id]
            del linked[bisect_left(linked, lead.id)]
        lead.company_id = company_id
        if company_id is not None:
            insort(self._of_company.setdefault(company_id, []), lead.id)


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
        "created_by": lead.created_by,
        "updated_by": lead.updated_by,
        "created_at": lead.created_at,
        "updated_at": lead.updated_at,
        "closed_at": lead.closed_at,
        "closest_task_at": None,
        "is_deleted": lead.is_deleted,
        "custom_fields_values": custom_fields_values(book, lead.values),
        "score": None,
        "account_id": account_id,
        "labor_cost": None,
        "_embedded": {"tags": [], "companies": companies},
    }
