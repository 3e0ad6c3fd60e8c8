"""Companies and leads as webhooks show them: API v2's names, in the order of captured bodies."""

from dataclasses import dataclass
from typing import Any

from emulators.amocrm.account import ACCOUNT_ID
from emulators.amocrm.companies import Company
from emulators.amocrm.fields import FieldBook
from emulators.amocrm.hooks.field_members import custom_fields
from emulators.amocrm.leads import Lead


@dataclass(frozen=True, slots=True)
class SeenCompany:
    """A company at one moment. `tags`: ids and names."""

    company: Company
    book: FieldBook
    tags: tuple[tuple[int, str], ...]
    lead_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SeenLead:
    lead: Lead
    book: FieldBook


def changed_company(seen: SeenCompany, *, old_responsible: int | None) -> dict[str, Any]:
    """Also after a change of the responsible user: that comes as an update with who it was."""
    company = seen.company
    return {
        "id": company.id,
        "name": company.name,
        "responsible_user_id": company.responsible_user_id,
        "old_responsible_user_id": old_responsible,
        "date_create": company.created_at,
        "last_modified": company.updated_at,
        "created_user_id": company.created_by,
        "modified_user_id": company.updated_by,
        "account_id": ACCOUNT_ID,
        **_contents(seen),
        "created_at": company.created_at,
        "updated_at": company.updated_at,
        "type": "company",
    }


def pushed_company(seen: SeenCompany) -> dict[str, Any]:
    """Nothing in it says when anything changed."""
    company = seen.company
    return {
        "id": company.id,
        "name": company.name,
        "responsible_user_id": company.responsible_user_id,
        "created_user_id": company.created_by,
        "account_id": ACCOUNT_ID,
        **_contents(seen),
        "type": "company",
    }


def gone_company(company_id: int) -> dict[str, Any]:
    return {"id": company_id, "type": "company"}


def changed_lead(seen: SeenLead, *, was: Lead | None) -> dict[str, Any]:
    """What differs from how the lead `was` is told with its old value beside it."""
    lead = seen.lead
    moved = was is not None and was.stage != lead.stage
    handed_on = was is not None and was.responsible_user_id != lead.responsible_user_id
    return {
        "id": lead.id,
        "name": lead.name,
        "status_id": lead.status_id,
        "old_status_id": was.status_id if was is not None and moved else None,
        "price": lead.price or "",
        "responsible_user_id": lead.responsible_user_id,
        "old_responsible_user_id": (
            was.responsible_user_id if was is not None and handed_on else None
        ),
        "last_modified": lead.updated_at,
        "modified_user_id": lead.updated_by,
        "created_user_id": lead.created_by,
        "date_create": lead.created_at,
        "pipeline_id": lead.pipeline_id,
        "old_pipeline_id": (
            was.pipeline_id if was is not None and was.pipeline_id != lead.pipeline_id else None
        ),
        "account_id": ACCOUNT_ID,
        "custom_fields": custom_fields(seen.book, lead.values),
        "created_at": lead.created_at,
        "updated_at": lead.updated_at,
    }


def gone_lead(lead: Lead) -> dict[str, Any]:
    return {"id": lead.id, "status_id": lead.status_id, "pipeline_id": lead.pipeline_id}


def stage_of_lead(lead: Lead, *, was: Lead | None) -> dict[str, Any]:
    """A lead that was made in the stage has no old one."""
    return {
        **gone_lead(lead),
        "old_status_id": None if was is None else was.status_id,
        "old_pipeline_id": None if was is None else was.pipeline_id,
    }


def _contents(seen: SeenCompany) -> dict[str, Any]:
    return {
        "custom_fields": custom_fields(seen.book, seen.company.values),
        "tags": [{"id": number, "name": name} for number, name in seen.tags],
        "linked_leads_id": {number: {"ID": number} for number in seen.lead_ids},
    }
