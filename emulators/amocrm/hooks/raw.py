"""Webhooks by order: of real companies and leads, but of nothing that happened to them."""

from collections.abc import Iterator, Sequence
from itertools import count, cycle, islice
from typing import Literal

from emulators.amocrm.companies import Company
from emulators.amocrm.hooks.items import Action, Item
from emulators.amocrm.hooks.snapshots import (
    button_item,
    company_item,
    deleted_company_item,
    deleted_lead_item,
    lead_item,
    stage_item,
)
from emulators.amocrm.leads import Lead
from emulators.amocrm.state import State

Moment = int | Literal["own"] | None
OF_COMPANIES: dict[str, Action] = {
    "add_company": "add",
    "update_company": "update",
    "delete_company": "delete",
    "restore_company": "restore",
}
OF_LEADS: dict[str, Action] = {
    "add_lead": "add",
    "update_lead": "update",
    "delete_lead": "delete",
    "restore_lead": "restore",
    "status_lead": "status",
    "responsible_lead": "responsible",
}


def bodies(
    state: State,
    subjects: Sequence[Company | Lead],
    *,
    event: str,
    size: int,
    last_modified: Moment,
    step: int,
) -> Iterator[tuple[Item, ...]]:
    """Without end: `size` subjects to a body, round and round.

    `last_modified`: what the items tell; None: a body without moments, as of a button or a Digital
    Pipeline. It grows by `step` seconds from body to body.
    """
    if not step:  # the same items again and again: they are rendered once
        with state.lock:
            items = cycle([_item(state, each, event, last_modified) for each in subjects])
        while True:
            yield tuple(islice(items, size))
    turns = cycle(subjects)
    for moment in count(_start(subjects[0], last_modified), step):
        with state.lock:
            yield tuple([_item(state, each, event, moment) for each in islice(turns, size)])


def _start(subject: Company | Lead, last_modified: Moment) -> int:
    return last_modified if isinstance(last_modified, int) else subject.updated_at


def _item(state: State, subject: Company | Lead, event: str, moment: Moment) -> Item:
    changed = moment if isinstance(moment, int) else None
    if isinstance(subject, Company):
        if event == "delete_company":
            return deleted_company_item(subject)
        if moment is None:
            return button_item(state, subject)
        return company_item(state, subject, OF_COMPANIES[event], last_modified=changed)
    if event == "delete_lead":
        return deleted_lead_item(subject)
    if moment is None:
        return stage_item(subject, was=None)
    return lead_item(state, subject, OF_LEADS[event], last_modified=changed)
