"""Handling again what was handled, or died: the same rows, so effects are found by the same keys."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from django.db.models import QuerySet
from django.utils import timezone

from operations import audit, statements
from webhooks import dispatching
from webhooks.models import Delivery, Event

# One of each body: two of one cannot both wait.
REREAD = """
UPDATE webhooks_delivery d SET state = 'stored', reason = '', due_at = clock_timestamp()
WHERE id = ANY(%(ids)s) AND NOT EXISTS (
    SELECT FROM webhooks_delivery w
    WHERE w.door = d.door AND w.digest = d.digest AND w.state = 'stored')
"""
MOST_REPLAYED = 10_000  # events at once; more is a matter of several commands


@dataclass(frozen=True, slots=True)
class Selection:
    """Which events: by number, or by all of what is given."""

    ids: Sequence[int] = field(default_factory=tuple)
    state: str = ""
    door: str = ""
    error: str = ""
    hours: float | None = None


def select(selection: Selection) -> QuerySet[Event]:
    """The finished events that it means."""
    found = Event.objects.exclude(state__in=Event.UNFINISHED)
    if selection.ids:
        found = found.filter(pk__in=list(selection.ids))
    if selection.state:
        found = found.filter(state=selection.state)
    if selection.door:
        found = found.filter(door=selection.door)
    if selection.error:
        found = found.filter(error=selection.error)
    if selection.hours is not None:
        since = timezone.now() - timedelta(hours=selection.hours)
        found = found.filter(received_at__gte=since)
    return found.order_by("pk")


def replay(*, events: QuerySet[Event], who: str) -> int:
    """Let them be handled again. How many; those whose card has a newer one waiting are left out."""
    ids = list(events.values_list("pk", flat=True)[:MOST_REPLAYED])
    revived = dispatching.revive(event_ids=ids)
    audit.record(who=who, action="webhooks_replay", target=f"{revived}", details={"ids": ids[:100]})
    dispatching.ring_due()
    return revived


def reread(*, deliveries: QuerySet[Delivery], who: str) -> int:
    """Parse stored requests once more, as after a mended parser or account number. How many."""
    chosen = deliveries.exclude(state=Delivery.State.STORED).order_by(
        "door", "digest", "-received_at"
    )
    ids = list(chosen.distinct("door", "digest").values_list("pk", flat=True)[:MOST_REPLAYED])
    count = statements.execute(REREAD, {"ids": ids})
    audit.record(who=who, action="webhooks_reread", target=str(count))
    return count
