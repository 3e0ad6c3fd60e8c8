"""Which webhooks a change causes. Called at the commit, with the state's lock held.

Where nobody listens, nothing is looked at. Notes, tasks and talks are not told of.
"""

from collections.abc import Iterable, Iterator

from emulators.amocrm.companies import Company
from emulators.amocrm.hooks.deliveries import Order
from emulators.amocrm.hooks.items import Item
from emulators.amocrm.hooks.ladders import digital_pipeline
from emulators.amocrm.hooks.snapshots import (
    company_item,
    deleted_company_item,
    deleted_lead_item,
    lead_item,
    stage_item,
)
from emulators.amocrm.leads import Lead
from emulators.amocrm.state import State

Happening = tuple[tuple[str, ...], Item]  # the events that it is, any of which is reason to tell


def companies_added(state: State, companies: Iterable[Company]) -> None:
    if state.hooks.listening("add_company"):
        _tell(state, [(("add_company",), company_item(state, each, "add")) for each in companies])


def companies_updated(state: State, changes: Iterable[tuple[Company, int]]) -> None:
    """Companies, and who was responsible for them before."""
    if state.hooks.listening("update_company", "responsible_company"):
        _tell(state, [_company_update(state, company, was) for company, was in changes])


def company_deleted(state: State, company: Company) -> None:
    if state.hooks.listening("delete_company"):
        _tell(state, [(("delete_company",), deleted_company_item(company))])


def company_restored(state: State, company: Company) -> None:
    if state.hooks.listening("restore_company"):
        _tell(state, [(("restore_company",), company_item(state, company, "restore"))])


def lead_added(state: State, lead: Lead) -> None:
    if state.hooks.listening("add_lead"):
        _tell(state, [(("add_lead",), lead_item(state, lead, "add"))])
    _enter_stage(state, lead, was=None)


def lead_updated(state: State, lead: Lead, *, was: Lead) -> None:
    """One change may be several events, each with an item of its own."""
    if state.hooks.listening("status_lead", "responsible_lead", "update_lead"):
        _tell(state, list(_lead_update(state, lead, was)))
    if was.stage != lead.stage:
        _enter_stage(state, lead, was=was)


def lead_deleted(state: State, lead: Lead) -> None:
    if state.hooks.listening("delete_lead"):
        _tell(state, [(("delete_lead",), deleted_lead_item(lead))])


def lead_restored(state: State, lead: Lead) -> None:
    if state.hooks.listening("restore_lead"):
        _tell(state, [(("restore_lead",), lead_item(state, lead, "restore"))])


def packed(items: list[Item], size: int) -> Iterator[tuple[Item, ...]]:
    """In the order they came, `size` to a body."""
    return (tuple(items[start : start + size]) for start in range(0, len(items), size))


def _company_update(state: State, company: Company, was: int) -> Happening:
    """A change of the responsible user has no action of its own."""
    if was == company.responsible_user_id:
        return ("update_company",), company_item(state, company, "update")
    item = company_item(state, company, "update", old_responsible=was)
    return ("update_company", "responsible_company"), item


def _lead_update(state: State, lead: Lead, was: Lead) -> Iterator[Happening]:
    if was.stage != lead.stage:
        yield ("status_lead",), lead_item(state, lead, "status", was=was)
    if was.responsible_user_id != lead.responsible_user_id:
        yield ("responsible_lead",), lead_item(state, lead, "responsible", was=was)
    yield ("update_lead",), lead_item(state, lead, "update", was=was)


def _tell(state: State, happenings: list[Happening]) -> None:
    orders: list[Order] = []
    for hook in state.hooks.listening(*{event for events, _ in happenings for event in events}):
        items = [item for events, item in happenings if not set(events).isdisjoint(hook.settings)]
        orders.extend(
            Order(hook.destination, body, hook)
            for body in packed(items, state.settings.hook_items_per_body)
        )
    state.postman.post(orders)


def _enter_stage(state: State, lead: Lead, *, was: Lead | None) -> None:
    url = state.stage_hooks.get(lead.stage)
    if url is not None:
        item = stage_item(lead, was=was)
        state.postman.post([Order(url, (item,), ladder=digital_pipeline)])
