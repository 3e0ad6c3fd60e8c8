"""After a gap, in which amoCRM did not send us its events: what changed meanwhile goes to the inbox.

Behind the door everything is as ever: our own writes are told from people's edits, and what is
asked for twice is done once.
"""

import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TypeVar
from uuid import uuid4

from django.db.models import Max

from clients.amocrm.changes import Card
from clients.amocrm.client import AmoCrm
from clients.amocrm.leads import LeadRecord
from clients.amocrm.listing import Page
from clients.amocrm.records import CompanyRecord
from clients.errors import TransientError, UnexpectedAnswerError
from clients.pacing import Lane
from companies.fields import FEED_REQUEST
from crm.stages import stages
from operations import doorbell
from webhooks import inbox, packing, watching
from webhooks.models import Door, Event, SubscriptionWatch, Transfer
from webhooks.packing import Change

LANE = Lane.BULK  # background would get a request a minute while a push lasts
MOST_PAGES = 800  # 200,000 cards: two minutes alone, ten beside a push
SLICE_SECONDS = 20.0  # then other tasks of the queue have their turn
HEADERS = {"User-Agent": "amonition-catch-up"}  # the admin shows where a body is from
CALL = "GET changed cards"

R = TypeVar("R", bound=Card)


def go_on(*, client: AmoCrm) -> bool:
    """Read on, for a while, in every gap; all doors stand again. True: there is more to read now.

    A page is in the inbox before the next one is asked for. Raises ServiceError, PacingError: the
    gap stays open, and is read on from the page that failed.
    """
    until = time.monotonic() + SLICE_SECONDS
    ended = [_read(client, gap, until) for gap in watching.gaps()]
    if ended:
        doorbell.ring("webhooks.read")
    return not all(ended)


def _read(client: AmoCrm, gap: SubscriptionWatch, until: float) -> bool:
    """At least one page. False: the time was over before the gap was."""
    door, since = Door(gap.door), watching.begin(gap=gap)
    promised = False
    while gap.page <= MOST_PAGES:
        if door is Door.LEAD_STATUS:
            leads, is_last = _changed(client.leads.page, since, gap.page, promised)
            changes = [
                packing.lead_change(each, changed_at=each.updated_at or since)
                for each in _awaited_leads(client, leads)
            ]
        else:
            companies, is_last = _changed(client.companies.page, since, gap.page, promised)
            changes = [
                packing.company_change(each, changed_at=each.updated_at or since)
                for each in _awaited_companies(door, companies)
            ]
        _store(door, changes)
        if is_last:
            break
        watching.turn_page(gap=gap)
        promised = True
        if time.monotonic() > until:
            return False
    else:
        watching.cut(gap=gap, what="карточек изменено слишком много, перечитаны только последние")
    watching.finish(gap=gap)
    return True


def _changed(
    listing: Callable[..., Page[R]], since: int, number: int, promised: bool
) -> tuple[list[R], bool]:
    """A page of what changed at `since` or later, the latest first; and whether it is the last one.

    A card that changes meanwhile moves to the front: of that amoCRM tells by itself again, and the
    others are met twice at worst. By its order the list also ends where amoCRM ignores the filter,
    as accounts do that have none. Raises UnexpectedAnswerError where it ignores the order.
    """
    filters = {("updated_at", "from"): since}
    page = listing(lane=LANE, page=number, order=("updated_at", "desc"), filters=filters)
    if promised and not page.records:
        raise TransientError(service="amocrm", call=CALL, detail=f"page {number} is empty")
    moments = [record.updated_at or since for record in page.records]
    if any(later > earlier for earlier, later in pairwise(moments)):
        raise UnexpectedAnswerError(
            service="amocrm", call=CALL, detail="not in the order asked for"
        )
    fresh = [
        record for record, moment in zip(page.records, moments, strict=True) if moment >= since
    ]
    return fresh, not page.has_next or len(fresh) < len(moments)


def _awaited_leads(client: AmoCrm, leads: Sequence[LeadRecord]) -> list[LeadRecord]:
    """Those in the transfer status, and those that may have left it."""
    if not leads:
        return []
    transfer = stages.transfer(client=client)
    visits = Transfer.objects.filter(lead_id__in=[lead.lead_id for lead in leads], closed_at=None)
    visiting = set(visits.values_list("lead_id", flat=True))
    return [
        lead
        for lead in leads
        if lead.lead_id in visiting or (lead.pipeline_id, lead.status_id) in transfer
    ]


def _awaited_companies(door: Door, companies: Sequence[CompanyRecord]) -> list[CompanyRecord]:
    """For the feeds' door those that ask for one."""
    if door is Door.COMPANY_FEED:
        return [company for company in companies if company.text(FEED_REQUEST)]
    return list(companies)


def _store(door: Door, changes: Sequence[Change]) -> None:
    for body in packing.bodies(door, _untold(door, changes)):
        inbox.store(inbox.Request(uuid4(), door, body, HEADERS))


def _untold(door: Door, changes: Sequence[Change]) -> list[Change]:
    """Without what amoCRM, or an earlier reading, has told of already: as it is now, or later."""
    ids = [change.card_id for change in changes]
    told = Event.objects.filter(door=door, entity_id__in=ids, last_modified__isnull=False)
    newest = told.values_list("entity_id").annotate(newest=Max("last_modified"))
    known = dict(newest)
    return [change for change in changes if known.get(change.card_id, 0) < change.changed_at]
