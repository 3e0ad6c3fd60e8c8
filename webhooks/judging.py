"""Is there anything to do about an event? Pure: what is known of our own writes is handed in."""

from enum import Enum, auto

from companies.fields import ATTEMPT, FEED_REQUEST, FEED_URL
from companies.own_writes import OwnWrites
from webhooks import cards
from webhooks.events import COMPANY, Event
from webhooks.models import Door

LEAD = "lead"
RESTORE = "restore"
# What each door takes; other events that come are counted and left alone.
TAKEN = {
    Door.LEAD_STATUS: (LEAD, frozenset({"status", "add", "update", RESTORE})),
    Door.COMPANY_REFRESH: (COMPANY, frozenset({"add", "update", RESTORE})),
    Door.COMPANY_FEED: (COMPANY, frozenset({"add", "update"})),
}


class Verdict(Enum):
    """What an event is to us."""

    REQUEST = auto()  # somebody wants something
    ECHO = auto()  # our own write comes back
    NOTHING = auto()  # of a kind that is for us, but asks for nothing
    UNKNOWN = auto()  # of a kind that is not for us
    LATER = auto()  # a write of ours to that company is not confirmed yet


def token_of(event: Event) -> str:
    """The create attempt that the card names; empty where it names none."""
    return cards.find_field(event.item, ATTEMPT)


def judge(event: Event, *, door: Door, own: OwnWrites, handled: bool) -> Verdict:
    """`own`: of the companies of this body. `handled`: the same wish of this card was handled before."""
    entity, actions = TAKEN[door]
    if event.entity != entity or event.action not in actions:
        return Verdict.UNKNOWN
    if door is Door.LEAD_STATUS:
        return Verdict.REQUEST
    if door is Door.COMPANY_REFRESH:
        return _echo(event, own) or Verdict.REQUEST
    if cards.find_field(event.item, FEED_REQUEST):
        # Until a manager empties it, a refused wish comes back with each of our own writes.
        echo = _echo(event, own) if handled else None
        return echo or Verdict.REQUEST
    if event.last_modified is None and _may_have_feed(event):
        return Verdict.REQUEST
    return Verdict.NOTHING


def is_older(event_time: int | None, confirmed: int | None) -> bool:
    """Whether a change is not later than our own last write: that one, or gone under with it."""
    return event_time is not None and confirmed is not None and event_time <= confirmed


def _echo(event: Event, own: OwnWrites) -> Verdict | None:
    if event.last_modified is None or event.action == RESTORE:
        return None  # a person pressed a button; we restore nothing
    state = own.attempts.get(token_of(event))
    if state is not None and event.last_modified == cards.number(event.item, "date_create"):
        return Verdict.LATER if state in ("p", "s") else Verdict.ECHO  # our own creating of it
    if is_older(event.last_modified, own.confirmed.get(event.entity_id)):
        return Verdict.ECHO
    return Verdict.LATER if event.entity_id in own.unsettled else None


def _may_have_feed(event: Event) -> bool:
    """A body without fields leaves it to the card."""
    fields = cards.fields_of(event.item)
    return not fields or bool(cards.find_field(event.item, FEED_URL))
