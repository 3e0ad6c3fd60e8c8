"""Telling managers on the card what became of their wish: at most one note per event.

amoCRM takes the same note twice without a murmur. So the intent is written down before the POST,
and after a lost answer the card is read back before anything is sent again; the event's number in
the text is what the note is known by.
"""

import logging
import random
import uuid
from contextlib import closing

from django.conf import settings

from clients.amocrm.client import AmoCrm
from clients.amocrm.entities import Entity
from clients.errors import ServiceError, UnknownOutcomeError
from clients.pacing import Lane, PacingError
from crm import connection
from operations import doorbell, failpoints, options, statements
from operations.models import Option
from webhooks import patience
from webhooks.models import Door, Event, Note

logger = logging.getLogger(__name__)

MOST_ATTEMPTS = 8
FIRST_PAUSE, LONGEST_PAUSE = 3.0, 300.0  # seconds
REPEATED_HOURS = 1  # the same sentence on the same card is not said again by a mere edit
MOST_RUNG = 40  # notes in the broker at a time
LONGEST_TEXT = 2000  # characters; a sentence with an address in it
ENTITIES = {"lead": Entity.LEADS, "company": Entity.COMPANIES}

SAID = """
SELECT EXISTS (
    SELECT FROM webhooks_note WHERE entity = %(entity)s AND entity_id = %(entity_id)s
    AND planned_at > clock_timestamp() - %(hours)s * interval '1 hour'
    AND left(text, length(%(text)s)) = %(text)s)
"""
CLAIM = """
UPDATE webhooks_note
SET holder = %(holder)s, attempts = attempts + 1,
    lease_until = clock_timestamp() + %(lease)s * interval '1 second'
WHERE id = %(id)s AND state IN ('planned', 'sent') AND not_before <= clock_timestamp()
  AND (holder IS NULL OR lease_until < clock_timestamp())
RETURNING sent_at
"""
# The mark is the database's clock; a note that is older than the mark cannot be this one.
MARK = """
UPDATE webhooks_note SET state = 'sent', sent_at = coalesce(sent_at, clock_timestamp())
WHERE id = %(id)s AND holder = %(holder)s RETURNING id
"""
CLOSE = """
UPDATE webhooks_note SET state = %(state)s, note_id = %(note_id)s, holder = NULL, lease_until = NULL
WHERE id = %(id)s AND holder = %(holder)s
"""
PUT_BACK = """
UPDATE webhooks_note SET state = %(state)s, holder = NULL, lease_until = NULL,
    sent_at = CASE WHEN %(state)s = 'planned' THEN NULL ELSE sent_at END,
    attempts = attempts - %(free)s, not_before = clock_timestamp() + %(pause)s * interval '1 second'
WHERE id = %(id)s AND holder = %(holder)s
"""
DUE = f"""
SELECT id FROM webhooks_note
WHERE state IN ('planned', 'sent') AND not_before <= clock_timestamp()
  AND (holder IS NULL OR lease_until < clock_timestamp())
ORDER BY not_before LIMIT {MOST_RUNG}
"""  # noqa: S608 - a number of this file


def plan(*, event: Event, text: str) -> None:
    """Write down that the card of the event should say this; sent soon by a task.

    Within the caller's transaction. An event that was replayed says what it says once.
    """
    if options.get(Option.Key.NOTES) != "on" or event.entity not in ENTITIES:
        return
    sentence = text[:LONGEST_TEXT].replace("\x00", "")
    card = {"entity": event.entity, "entity_id": event.entity_id, "text": sentence}
    asked = card | {"hours": REPEATED_HOURS}
    silently = event.door == Door.COMPANY_REFRESH and not event.by_button
    if silently and statements.fetch(SAID, asked)[0][0]:
        return
    note, is_new = Note.objects.get_or_create(
        event=event, defaults={**card, "text": f"{sentence} (событие {event.pk})"}
    )
    if is_new:
        doorbell.ring("webhooks.leave_note", [note.pk])


def ring_due() -> int:
    """Wake tasks for notes that nobody has left yet. How many."""
    ids = [row[0] for row in statements.fetch(DUE, {})]
    for note_id in ids:
        doorbell.ring("webhooks.leave_note", [note_id])
    return len(ids)


def leave(*, note_id: int) -> None:
    """Leave one note, if it is its time and nobody else does."""
    holder = uuid.uuid4()
    arguments = {"id": note_id, "holder": holder, "lease": settings.WEBHOOK_EVENT_LEASE}
    claimed = statements.fetch(CLAIM, arguments)
    if not claimed:
        return
    note = Note.objects.get(pk=note_id)
    if options.get(Option.Key.NOTES) != "on" and not note.sent_at:
        arguments = {"id": note.pk, "holder": holder, "note_id": None}
        statements.execute(CLOSE, arguments | {"state": Note.State.GIVEN_UP})
        return
    try:
        with closing(connection.ready_client()) as client:
            found = _read_back(client, note) if note.sent_at else None
            _close(note, holder, found if found is not None else _send(client, note, holder))
    except UnknownOutcomeError as error:
        _put_back(note, holder, error, state=Note.State.SENT, pause=settings.WEBHOOK_SETTLE_TIME)
    except (ServiceError, PacingError) as error:
        # Nothing was executed; what an earlier attempt may have sent is still to be read back.
        state = Note.State.SENT if note.sent_at else Note.State.PLANNED
        told = patience.told_pause(error)
        _put_back(note, holder, error, state=state, pause=told, free=told is not None)


def _send(client: AmoCrm, note: Note, holder: uuid.UUID) -> int | None:
    """The note's id; None where the lease was lost before anything was sent."""
    if not statements.fetch(MARK, {"id": note.pk, "holder": holder}):
        return None
    failpoints.reach("note.marked")
    number = client.notes.add(
        ENTITIES[note.entity], note.entity_id, note.text, lane=Lane.INTERACTIVE
    )
    failpoints.reach("note.sent")
    return number


def _read_back(client: AmoCrm, note: Note) -> int | None:
    """The note on the card, if it got there."""
    there = client.notes.list(ENTITIES[note.entity], note.entity_id, lane=Lane.INTERACTIVE)
    return next((each.note_id for each in there if each.text == note.text), None)


def _close(note: Note, holder: uuid.UUID, number: int | None) -> None:
    state = Note.State.DONE if number is not None else note.state
    arguments = {"id": note.pk, "holder": holder, "state": state, "note_id": number}
    statements.execute(CLOSE, arguments)


def _put_back(
    note: Note,
    holder: uuid.UUID,
    error: Exception,
    *,
    state: Note.State,
    pause: float | None = None,
    free: bool = False,
) -> None:
    """Later again. `free`: it costs no attempt."""
    logger.warning("note.postponed", extra={"note": note.pk, "error": str(error)[:500]})
    full = min(FIRST_PAUSE * 2 ** max(note.attempts - 1, 0), LONGEST_PAUSE)
    wait = random.uniform(full / 2, full) if pause is None else pause  # noqa: S311 - no secret
    if note.attempts >= MOST_ATTEMPTS and not free:
        state = Note.State.GIVEN_UP
    arguments = {"id": note.pk, "holder": holder, "state": state, "pause": wait, "free": int(free)}
    statements.execute(PUT_BACK, arguments)
