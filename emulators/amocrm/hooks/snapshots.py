"""Companies and leads as they are at a commit, made into items of webhooks.

Callers hold the state's lock, so no more is done here than keeping what may change.
"""

from copy import copy
from functools import partial

from emulators.amocrm.companies import Company
from emulators.amocrm.hooks.items import Action, Item
from emulators.amocrm.hooks.members import (
    SeenCompany,
    SeenLead,
    changed_company,
    changed_lead,
    gone_company,
    gone_lead,
    pushed_company,
    stage_of_lead,
)
from emulators.amocrm.leads import Lead
from emulators.amocrm.state import State


def company_item(
    state: State,
    company: Company,
    action: Action,
    *,
    old_responsible: int | None = None,
    last_modified: int | None = None,
) -> Item:
    """`last_modified`: instead of the company's own."""
    seen = _seen_company(state, company)
    if last_modified is not None:
        seen.company.updated_at = last_modified
    return Item("contacts", action, partial(changed_company, seen, old_responsible=old_responsible))


def deleted_company_item(company: Company) -> Item:
    return Item("contacts", "delete", partial(gone_company, company.id))


def button_item(state: State, company: Company) -> Item:
    """A company whose card somebody pressed a button on: no moment tells when."""
    return Item("contacts", "update", partial(pushed_company, _seen_company(state, company)))


def lead_item(
    state: State,
    lead: Lead,
    action: Action,
    *,
    was: Lead | None = None,
    last_modified: int | None = None,
) -> Item:
    """`was`: the lead before a change. `last_modified`: instead of the lead's own."""
    seen = _seen_lead(state, lead)
    if last_modified is not None:
        seen.lead.updated_at = last_modified
    return Item("leads", action, partial(changed_lead, seen, was=was))


def deleted_lead_item(lead: Lead) -> Item:
    return Item("leads", "delete", partial(gone_lead, copy(lead)))


def stage_item(lead: Lead, *, was: Lead | None) -> Item:
    """The sparse item of a Digital Pipeline."""
    return Item("leads", "status", partial(stage_of_lead, copy(lead), was=was))


def _seen_company(state: State, company: Company) -> SeenCompany:
    return SeenCompany(
        company.copy(),
        state.fields["companies"],
        tuple((state.tags.id_of(tag), tag) for tag in company.tags),
        tuple(lead.id for lead in state.leads.of_company(company.id)),
    )


def _seen_lead(state: State, lead: Lead) -> SeenLead:
    seen = copy(lead)
    seen.values = list(lead.values)
    return SeenLead(seen, state.fields["leads"])
