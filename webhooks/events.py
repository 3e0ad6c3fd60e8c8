"""What a parsed webhook body tells: whose account, and which events. Pure.

amoCRM's contract, 5.2 to 5.6: `<group>[<action>][<i>][…]` beside `account[…]`. A body may hold
several groups, actions and items; kinds that nobody knows are events like all others.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from webhooks.cards import Item, number, text
from webhooks.parsing import Parsed

ACCOUNT = "account"
# Companies come among the contacts, told by `type`; a group of their own is in no document.
CONTACTS = "contacts"
COMPANY = "company"
ENTITIES = {"leads": "lead", CONTACTS: "contact", "companies": COMPANY, "customers": "customer"}
LATEST_MOMENT = 253_402_300_799  # unix seconds: the end of 9999, and of what a datetime can hold


@dataclass(frozen=True, slots=True)
class Account:
    """Who sent it. Old bodies have the subdomain only."""

    account_id: int | None
    subdomain: str | None


@dataclass(frozen=True, slots=True)
class Event:
    """One item of a body. `entity`: lead, company, contact, customer, or its group as it came;
    `action`: as it came. `last_modified`: unix seconds; Digital Pipeline bodies have none."""

    entity: str
    action: str
    entity_id: int
    last_modified: int | None
    item: Item


@dataclass(frozen=True, slots=True)
class Hook:
    """A body. `skipped`: items without a usable id, and whatever stands where items should."""

    account: Account
    events: tuple[Event, ...]
    skipped: int


def read(parsed: Parsed) -> Hook:
    """The events, in the order of the body."""
    events: list[Event] = []
    skipped = 0
    for group, action, item in _items(parsed):
        entity_id = _entity_id(item)
        if entity_id is None:
            skipped += 1
            continue
        events.append(
            Event(
                entity=_entity(group, item),
                action=action,
                entity_id=entity_id,
                last_modified=number(item, "last_modified", largest=LATEST_MOMENT),
                item=item,
            )
        )
    return Hook(account=_account(parsed), events=tuple(events), skipped=skipped)


def _items(parsed: Parsed) -> Iterator[tuple[str, str, Item]]:
    """Group, action and item; an empty item for what is none."""
    for group, actions in parsed.data.items():
        if group == ACCOUNT:
            continue
        if not isinstance(actions, dict):
            yield group, "", {}
            continue
        for action, items in actions.items():
            if not isinstance(items, dict):
                yield group, action, {}
                continue
            for item in items.values():
                yield group, action, item if isinstance(item, dict) else {}


def _entity_id(item: Item) -> int | None:
    """The card's id. A note's item has none of its own: the note says which card it is on."""
    note = item.get("note")
    if "id" not in item and isinstance(note, dict):
        return number(note, "element_id")
    return number(item, "id")


def _entity(group: str, item: Item) -> str:
    if group == CONTACTS and text(item, "type") == COMPANY:
        return COMPANY
    return ENTITIES.get(group, group)


def _account(parsed: Parsed) -> Account:
    account = parsed.data.get(ACCOUNT)
    if not isinstance(account, dict):
        return Account(account_id=None, subdomain=None)
    return Account(account_id=number(account, "id"), subdomain=text(account, "subdomain") or None)
