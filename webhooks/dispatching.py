"""Events as a queue of rows: ringing, claiming, putting back, closing. The broker only rings."""

import logging
import random
import uuid

from django.conf import settings
from django.db import IntegrityError

from operations import doorbell, statements
from webhooks.models import Event

logger = logging.getLogger(__name__)

MOST_ATTEMPTS = 8  # with the pauses below about ten minutes; then a person looks at it
MOST_CLAIMS = 20  # of an event whose workers die: then it is the event that kills them
FIRST_PAUSE = 2.0  # seconds; doubles
LONGEST_PAUSE = 300.0
MOST_RUNG = 40  # tasks in the broker at a time: two processes have enough to do, and it stays small
RUNG_SECONDS = 30  # then a ring that nobody has answered is taken for lost
LOST_SECONDS = 5  # the same for an event whose worker has died: nobody is going to answer

# Events of one card are handled one after the other, in their order.
RING = f"""
WITH room AS (
    SELECT {MOST_RUNG} - count(*) AS n FROM webhooks_event
    WHERE state = 'waiting' AND rung_at > clock_timestamp() - %(rung)s * interval '1 second'
), chosen AS (
    SELECT e.id FROM webhooks_event e
    WHERE e.state IN ('waiting', 'working') AND e.not_before <= clock_timestamp()
      AND (e.state = 'waiting' OR e.lease_until < clock_timestamp())
      AND (e.rung_at IS NULL OR e.rung_at < clock_timestamp() - interval '1 second'
           * CASE WHEN e.state = 'working' THEN %(lost)s ELSE %(rung)s END)
      AND NOT EXISTS (
          SELECT FROM webhooks_event b WHERE b.door = e.door AND b.entity_id = e.entity_id
          AND b.id < e.id AND b.state IN ('waiting', 'working'))
    ORDER BY e.not_before LIMIT greatest((SELECT n FROM room), 0) FOR UPDATE SKIP LOCKED
)
UPDATE webhooks_event SET rung_at = clock_timestamp() WHERE id IN (SELECT id FROM chosen)
RETURNING id
"""  # noqa: S608 - built from numbers of this file
CLAIM = """
UPDATE webhooks_event e
SET state = CASE WHEN attempts >= %(most)s THEN 'dead' ELSE 'working' END,
    holder = CASE WHEN attempts >= %(most)s THEN NULL ELSE %(holder)s::uuid END,
    error = CASE WHEN attempts >= %(most)s THEN 'WorkerLost' ELSE error END,
    reason = CASE WHEN attempts >= %(most)s THEN 'Рабочий процесс не доживал до конца' ELSE reason END,
    attempts = attempts + 1,
    lease_until = clock_timestamp() + %(lease)s * interval '1 second'
WHERE id = %(id)s AND not_before <= clock_timestamp()
  AND (state = 'waiting' OR (state = 'working' AND lease_until < clock_timestamp()))
  AND NOT EXISTS (
      SELECT FROM webhooks_event b WHERE b.door = e.door AND b.entity_id = e.entity_id
      AND b.id <> e.id AND (b.id < e.id AND b.state IN ('waiting', 'working')
                            OR b.state = 'working' AND b.lease_until > clock_timestamp()))
RETURNING state
"""
# Where another event of the company waits already, that one does what this one would do again.
PUT_BACK = """
WITH beside AS (
    UPDATE webhooks_event n SET by_button = n.by_button OR e.by_button, times = n.times + e.times
    FROM webhooks_event e
    WHERE e.id = %(id)s AND e.holder = %(holder)s AND e.door <> 'lead-status'
      AND n.door = e.door AND n.entity_id = e.entity_id AND n.state = 'waiting' AND n.id <> e.id
    RETURNING n.id
)
UPDATE webhooks_event e
SET state = CASE WHEN EXISTS (SELECT FROM beside) THEN 'done' ELSE 'waiting' END,
    holder = NULL, lease_until = NULL, rung_at = NULL, reason = %(reason)s, error = %(error)s,
    attempts = attempts - %(free)s,
    not_before = clock_timestamp() + %(pause)s * interval '1 second'
WHERE id = %(id)s AND holder = %(holder)s
"""
CLOSE = """
UPDATE webhooks_event
SET state = %(state)s, holder = NULL, lease_until = NULL, handled_at = clock_timestamp(),
    reason = %(reason)s, error = %(error)s, subject = %(subject)s
WHERE id = %(id)s AND holder = %(holder)s
"""
# Of several events of one company the newest one is enough.
REVIVE = """
UPDATE webhooks_event e SET state = 'waiting', attempts = 0, rung_at = NULL, error = '',
    not_before = clock_timestamp()
WHERE id IN (
    SELECT DISTINCT ON (door, entity_id, CASE WHEN door = 'lead-status' THEN id END) id
    FROM webhooks_event WHERE id = ANY(%(ids)s) AND state IN ('done', 'refused', 'dead')
    ORDER BY door, entity_id, CASE WHEN door = 'lead-status' THEN id END, id DESC)
  AND (door = 'lead-status' OR NOT EXISTS (
      SELECT FROM webhooks_event n WHERE n.door = e.door AND n.entity_id = e.entity_id
      AND n.state = 'waiting'))
"""


def ring_due() -> int:
    """Wake tasks for events that are due, as many as there is room for. How many."""
    scale = settings.CLOCK_SCALE
    waits = {"rung": RUNG_SECONDS * scale, "lost": LOST_SECONDS * scale}
    ids = [row[0] for row in statements.fetch(RING, waits)]
    for event_id in sorted(ids):
        doorbell.ring("webhooks.handle", [event_id])
    return len(ids)


def claim(*, event_id: int) -> tuple[Event, uuid.UUID] | None:
    """The event, ours until its lease ends; None where it is somebody else's, or not its turn."""
    holder = uuid.uuid4()
    arguments = {
        "id": event_id,
        "holder": holder,
        "lease": settings.WEBHOOK_EVENT_LEASE,
        "most": MOST_CLAIMS,
    }
    if statements.fetch(CLAIM, arguments) != [(Event.State.WORKING.value,)]:
        return None  # or it has killed worker after worker, and is dead now
    return Event.objects.get(pk=event_id), holder


def close(
    *,
    event: Event,
    holder: uuid.UUID,
    state: Event.State,
    reason: str,
    subject: str,
    error: str = "",
) -> bool:
    """The event is handled. False: the lease was lost meanwhile, and somebody else has it."""
    arguments = {
        "id": event.pk,
        "holder": holder,
        "state": state.value,
        "reason": reason,
        "subject": subject,
        "error": error[:80],
    }
    return bool(statements.execute(CLOSE, arguments))


def put_back(
    *, event: Event, holder: uuid.UUID, reason: str, error: str, pause: float | None = None
) -> None:
    """Later again. `pause`: seconds that somebody told; such a wait costs no attempt."""
    arguments = {
        "id": event.pk,
        "holder": holder,
        "reason": reason[:500],
        "error": error[:80],
        "free": 0 if pause is None else 1,
        "pause": pause_after(event.attempts) if pause is None else pause,
    }
    try:
        statements.execute(PUT_BACK, arguments)
    except IntegrityError:  # another one was written down meanwhile, and can be seen by now
        statements.execute(PUT_BACK, arguments)


def revive(*, event_ids: list[int]) -> int:
    """Handle these again, with the same rows; effects are unique by their own keys. How many."""
    return statements.execute(REVIVE, {"ids": event_ids})


def pause_after(attempts: int) -> float:
    """Seconds, growing and scattered, so that a service that comes back is not run over."""
    full = min(FIRST_PAUSE * 2 ** max(attempts - 1, 0), LONGEST_PAUSE)
    return random.uniform(full / 2, full)  # noqa: S311 - no secret


def is_last(event: Event) -> bool:
    """Whether this attempt was the last one."""
    return event.attempts >= MOST_ATTEMPTS


def newest_handled(*, event: Event) -> int | None:
    """amoCRM's time of the newest event of the card that was handled, Unix seconds."""
    handled = Event.objects.filter(
        door=event.door,
        entity_id=event.entity_id,
        state__in=[Event.State.DONE, Event.State.REFUSED],
        last_modified__isnull=False,
    )
    return handled.order_by("-last_modified").values_list("last_modified", flat=True).first()
