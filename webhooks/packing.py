"""Webhook bodies as amoCRM writes them, for what it did not tell us of itself. Pure.

The shapes are those of amoCRM's contract, 5.2 to 5.4: names of API v2, companies among the
contacts, PHP's `http_build_query` over nested data.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from django.conf import settings

from clients.amocrm.leads import LeadRecord
from clients.amocrm.records import CompanyRecord
from companies.fields import ATTEMPT, FEED_REQUEST, SELLER_ID
from webhooks.cards import Item
from webhooks.models import Door

ITEMS_PER_BODY = 50
TOLD_FIELDS = (SELLER_ID, FEED_REQUEST, ATTEMPT)  # all that is looked at in a body


@dataclass(frozen=True, slots=True)
class Change:
    """A card that has changed. `changed_at`: Unix seconds; `item`: as a hook tells of it."""

    card_id: int
    changed_at: int
    item: Item


def lead_change(lead: LeadRecord, *, changed_at: int) -> Change:
    """As of a hook about a status."""
    item: Item = {
        "id": lead.lead_id,
        "status_id": lead.status_id,
        "pipeline_id": lead.pipeline_id,
        "last_modified": changed_at,
    }
    return Change(lead.lead_id, changed_at, item)


def company_change(company: CompanyRecord, *, changed_at: int) -> Change:
    """As of a hook about a change."""
    filled = [(code, company.text(code)) for code in TOLD_FIELDS]
    item: Item = {
        "id": company.company_id,
        "date_create": company.created_at,
        "last_modified": changed_at,
        "custom_fields": [
            {"name": code, "values": [{"value": value}], "code": code}
            for code, value in filled
            if value
        ],
        "type": "company",
    }
    return Change(company.company_id, changed_at, item)


def bodies(door: Door, changes: Sequence[Change]) -> Iterator[bytes]:
    """What would have come to this door."""
    group, action = ("leads", "status") if door is Door.LEAD_STATUS else ("contacts", "update")
    for start in range(0, len(changes), ITEMS_PER_BODY):
        piece = [change.item for change in changes[start : start + ITEMS_PER_BODY]]
        pairs = _pairs({group: {action: piece}, "account": _account()})
        yield urlencode(list(pairs)).encode()


def _account() -> Item:
    """Ours, as it will be compared."""
    host = urlsplit(settings.AMOCRM_URL).hostname or ""
    return {"subdomain": host.partition(".")[0], "id": settings.AMOCRM_ACCOUNT_ID or None}


def _pairs(data: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Nothing is written of what is None."""
    if isinstance(data, Mapping | list):
        steps = data.items() if isinstance(data, Mapping) else enumerate(data)
        for step, value in steps:
            yield from _pairs(value, f"{path}[{step}]" if path else str(step))
    elif data is not None:
        yield path, str(data)
