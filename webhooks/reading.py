"""From stored requests to events: parse, check the account, drop our echo, put together what is the same.

One bounded piece of work is one transaction without any request to anybody: a reader that dies
leaves its requests to the next one.
"""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.conf import settings
from django.db import transaction

from companies import own_writes
from companies.fields import FEED_REQUEST
from operations import counters, statements
from webhooks import accounts, cards, eventing, events
from webhooks.eventing import Wish
from webhooks.events import Event
from webhooks.judging import Verdict, judge, token_of
from webhooks.models import Delivery, Door
from webhooks.parsing import UnparsableError, parse

logger = logging.getLogger(__name__)

MOST_REQUESTS = 200  # in one transaction: under a second of work
MOST_BYTES = 8 * 2**20  # of bodies in one transaction
LATER_SECONDS = 1.0  # until a body is looked at again whose echo cannot be told yet
PATIENCE_SECONDS = 60.0  # then what cannot be told is taken for a person's edit

LOCK = """
SELECT id, octet_length(body) FROM webhooks_delivery
WHERE state = 'stored' AND due_at <= clock_timestamp()
ORDER BY due_at LIMIT %(most)s FOR UPDATE SKIP LOCKED
"""
TAKE = """
SELECT id, door, body, received_at, extract(epoch FROM clock_timestamp() - received_at)::float8
FROM webhooks_delivery WHERE id = ANY(%(ids)s) ORDER BY due_at
"""
POSTPONE = f"""
UPDATE webhooks_delivery SET due_at = clock_timestamp() + interval '{LATER_SECONDS} s'
WHERE id = ANY(%(ids)s)
"""  # noqa: S608 - a number of this file
CLOSE = """
UPDATE webhooks_delivery d SET state = g.state, reason = g.reason
FROM unnest(%(ids)s::uuid[], %(states)s::text[], %(reasons)s::text[]) AS g(id, state, reason)
WHERE d.id = g.id
"""
DROP = "DELETE FROM webhooks_delivery WHERE id = ANY(%(ids)s)"


@dataclass(slots=True)
class Taken:
    """One request in hand. `age`: seconds since it came."""

    id: UUID
    door: Door
    age: float
    events: Sequence[Event] = ()
    refusal: str = ""
    skipped: int = 0
    verdicts: list[Verdict] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Read:
    """Requests: how many were looked at, and how many of them are to be looked at once more.

    `has_more`: there was no room for all that were due.
    """

    looked_at: int = 0
    postponed: int = 0
    has_more: bool = field(default=False, compare=False)


@transaction.atomic
def read_some() -> Read:
    """Read the next requests that are due."""
    ids, has_more = _lock()
    if not ids:
        return Read()
    taken = [_parsed(*row) for row in statements.fetch(TAKE, {"ids": ids})]
    _judge_all(taken)
    later = [one.id for one in taken if _waits(one)]
    if later:
        statements.execute(POSTPONE, {"ids": later})
    ready = [one for one in taken if not _waits(one)]
    eventing.add(
        [
            Wish(delivery=one.id, door=one.door, event=event, age=one.age)
            for one in ready
            for event, verdict in zip(one.events, one.verdicts, strict=True)
            if verdict in (Verdict.REQUEST, Verdict.LATER)
        ]
    )
    _count(ready)
    _close(ready)
    return Read(looked_at=len(taken), postponed=len(later), has_more=has_more)


def _lock() -> tuple[list[UUID], bool]:
    """The next ones, and whether there may be more."""
    ids: list[UUID] = []
    size = 0
    for delivery_id, length in statements.fetch(LOCK, {"most": MOST_REQUESTS}):
        size += length
        if ids and size > MOST_BYTES:
            return ids, True
        ids.append(delivery_id)
    return ids, len(ids) == MOST_REQUESTS


def _parsed(delivery_id: UUID, door: str, body: bytes, _received: object, age: float) -> Taken:
    taken = Taken(delivery_id, Door(door), age)
    try:
        hook = events.read(parse(bytes(body)))
    except UnparsableError as error:
        taken.refusal = str(error)
        return taken
    taken.refusal = accounts.refusal(hook.account)
    if not taken.refusal:
        taken.events, taken.skipped = hook.events, hook.skipped
        if not hook.events:
            taken.refusal = "В теле нет событий с ID карточки"
    return taken


def _judge_all(taken: Sequence[Taken]) -> None:
    companies = [
        event.entity_id
        for one in taken
        if one.door is not Door.LEAD_STATUS
        for event in one.events
        if event.entity == events.COMPANY
    ]
    tokens = {
        token
        for one in taken
        if one.door is not Door.LEAD_STATUS
        for event in one.events
        if (token := token_of(event)) and eventing.is_token(token)
    }
    own = own_writes.known(companies=sorted(set(companies)), tokens=sorted(tokens))
    wishes = {
        (event.entity_id, url)
        for one in taken
        if one.door is Door.COMPANY_FEED
        for event in one.events
        if (url := cards.find_field(event.item, FEED_REQUEST))
    }
    handled = eventing.handled_wishes(wishes)
    for one in taken:
        one.verdicts = [
            judge(event, door=one.door, own=own, handled=bool(handled) and _wish(event) in handled)
            for event in one.events
        ]


def _wish(event: Event) -> tuple[int, str]:
    return event.entity_id, cards.find_field(event.item, FEED_REQUEST)


def _waits(one: Taken) -> bool:
    return Verdict.LATER in one.verdicts and one.age < PATIENCE_SECONDS * settings.CLOCK_SCALE


def _count(ready: Sequence[Taken]) -> None:
    counted: Counter[str] = Counter()
    for one in ready:
        counted[f"webhooks_requests:{'invalid' if one.refusal else 'read'}"] += 1
        counted["webhooks_items_without_id"] += one.skipped
        for verdict in one.verdicts:
            counted[f"webhooks_events:{verdict.name.lower()}"] += 1
    counters.add(counted)


def _close(ready: Sequence[Taken]) -> None:
    """What held nothing but echo, and questions that nobody asked, goes; the rest ages out."""
    dropped = [one.id for one in ready if not one.refusal and _is_nothing(one)]
    kept = [one for one in ready if one.refusal or not _is_nothing(one)]
    if dropped:
        statements.execute(DROP, {"ids": dropped})
    if kept:
        arguments = {
            "ids": [one.id for one in kept],
            "states": [
                Delivery.State.INVALID if one.refusal else Delivery.State.READ for one in kept
            ],
            "reasons": [one.refusal for one in kept],
        }
        statements.execute(CLOSE, arguments)


def _is_nothing(one: Taken) -> bool:
    return all(verdict in (Verdict.ECHO, Verdict.NOTHING) for verdict in one.verdicts)
