"""One event, from its claim to its end. The table says who handles what; errors say what then."""

import logging
import uuid
from collections.abc import Callable, Mapping

from celery.exceptions import SoftTimeLimitExceeded
from django.core.exceptions import ImproperlyConfigured
from django.db import InterfaceError, OperationalError, transaction

from clients.errors import ServiceError
from clients.pacing import PacingError
from crm.catalogue import CatalogueError
from operations import counters, failpoints
from webhooks import dispatching, feeding, noting, patience, refreshing, transferring
from webhooks.judging import TAKEN
from webhooks.models import Door, Event
from webhooks.outcomes import Outcome, PostponedError

logger = logging.getLogger(__name__)

Handler = Callable[[Event], Outcome]

OF_DOORS: Mapping[Door, Handler] = {
    Door.LEAD_STATUS: transferring.handle,
    Door.COMPANY_REFRESH: refreshing.handle,
    Door.COMPANY_FEED: feeding.handle,
}
# (endpoint, entity, action) -> handler. `judging.TAKEN` has let nothing else through.
HANDLERS: Mapping[tuple[Door, str, str], Handler] = {
    (door, entity, action): OF_DOORS[door]
    for door, (entity, actions) in TAKEN.items()
    for action in actions
}
FORESEEN = (ServiceError, PacingError, CatalogueError, ImproperlyConfigured)


def handle(*, event_id: int) -> None:
    """Handle an event, if it is its turn and nobody else does."""
    claimed = dispatching.claim(event_id=event_id)
    if claimed is None:
        return
    event, holder = claimed
    failpoints.reach("event.claimed")
    try:
        outcome = HANDLERS[Door(event.door), event.entity, event.action](event)
    except PostponedError as error:
        dispatching.put_back(
            event=event, holder=holder, reason=str(error), error="", pause=error.pause
        )
    except FORESEEN as error:
        _failed(event, holder, error)
    except (OperationalError, InterfaceError, SoftTimeLimitExceeded):
        raise  # not about this event; its lease ends, and it is handled again
    except Exception as error:
        logger.exception("event.failed", extra={"event": event.pk})
        _dead(event, holder, error)
    else:
        _finish(event, holder, outcome)


def _finish(event: Event, holder: uuid.UUID, outcome: Outcome) -> None:
    failpoints.reach("event.handled")
    with transaction.atomic():
        closed = dispatching.close(
            event=event,
            holder=holder,
            state=outcome.state,
            reason=outcome.reason,
            subject=outcome.subject,
        )
        if closed and outcome.note:
            noting.plan(event=event, text=outcome.note)
    failpoints.reach("event.closed")
    if closed:
        counters.add({f"webhooks_handled:{event.door}:{outcome.state}": 1})


def _failed(event: Event, holder: uuid.UUID, error: Exception) -> None:
    pause = patience.told_pause(error)
    name = type(error).__name__
    logger.warning("event.postponed", extra={"event": event.pk, "error": str(error)[:500]})
    if pause is None and dispatching.is_last(event):
        _dead(event, holder, error)
        return
    dispatching.put_back(event=event, holder=holder, reason=str(error), error=name, pause=pause)


def _dead(event: Event, holder: uuid.UUID, error: Exception) -> None:
    """A person has to look: it stays with its error until it is replayed."""
    dispatching.close(
        event=event,
        holder=holder,
        state=Event.State.DEAD,
        reason=str(error)[:500],
        subject=event.subject,
        error=type(error).__name__,
    )
    counters.add({f"webhooks_handled:{event.door}:dead": 1})
