"""Rows of the inbox and the queue, made without a door, and what is known of companies."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.db.models import F
from django.utils import timezone

from companies.models import Company, CreateAttempt, SellerSync
from operations import counters
from webhooks import inbox, reading
from webhooks.models import Delivery, Door, Event

PAST = "2000-01-01T00:00Z"


def stored(door: Door, body: bytes, *, age: float = 0.0) -> Delivery:
    """A request that waits for the reader. `age`: seconds since it came."""
    request = inbox.Request(uuid4(), door, body, {})
    assert inbox.store(request, age=age)
    return Delivery.objects.get(pk=request.id)


def read_all() -> int:
    """Everything that is due. How many requests were read."""
    looked_at = 0
    while (found := reading.read_some()).looked_at > found.postponed:
        looked_at += found.looked_at - found.postponed
    return looked_at


def make_due() -> None:
    """What was postponed is looked at now."""
    Delivery.objects.filter(state=Delivery.State.STORED).update(due_at=PAST)


def verdicts() -> Mapping[str, int]:
    """How the events so far were judged."""
    prefix = "webhooks_events:"
    return {
        name.removeprefix(prefix): value
        for name, value in counters.totals().items()
        if name.startswith(prefix)
    }


def event(entity_id: int = 1, *, door: Door = Door.LEAD_STATUS, **values: Any) -> Event:
    """An event that waits and is due, unless told otherwise."""
    entity, action = ("lead", "status") if door is Door.LEAD_STATUS else ("company", "update")
    usual: dict[str, Any] = {"entity": entity, "action": action, "not_before": PAST}
    return Event.objects.create(door=door, entity_id=entity_id, **{**usual, **values})


def hurry(*events: Event) -> None:
    """Their time has come, and their holders' leases are over."""
    found = Event.objects.filter(pk__in=[one.pk for one in events])
    found.update(not_before=PAST, lease_until=F("lease_until") - timedelta(hours=1))


def seller_of(company_id: int, *, confirmed: int | None = None, seller_id: str = "") -> None:
    """A company that we have exported; `confirmed`: amoCRM's time of our last write."""
    seller = seller_id or f"seller-{company_id}"
    SellerSync.objects.create(seller_id=seller, state="k", crm_updated_at=confirmed)
    Company.objects.create(seller_id=seller, company_id=str(company_id), linked_at=timezone.now())


def attempt(state: str) -> CreateAttempt:
    """A POST of new companies; its id is the token that they carry."""
    return CreateAttempt.objects.create(
        id=uuid4(),
        state=state,
        size=1,
        watermark=0,
        lease_until=timezone.now(),
        sent_at=timezone.now(),
    )
