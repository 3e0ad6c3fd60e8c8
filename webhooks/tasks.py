"""Webhooks' tasks. Each loads by id and calls one service; the truth lies in rows."""

from celery import shared_task

from operations import doorbell
from webhooks import dispatching, handling, noting, reading, subscriptions, sweeping


@shared_task(name="webhooks.read")
def read() -> None:
    """The doorbell's and beat's: requests become events, events are rung."""
    found = reading.read_some()
    dispatching.ring_due()
    if found.has_more:  # what came meanwhile has bells of its own
        doorbell.ring("webhooks.read")
    if found.postponed:
        doorbell.ring_now("webhooks.read", after=reading.LATER_SECONDS)


@shared_task(name="webhooks.handle")
def handle(event_id: int) -> None:
    """One event."""
    handling.handle(event_id=event_id)
    dispatching.ring_due()


@shared_task(name="webhooks.leave_note")
def leave_note(note_id: int) -> None:
    """One note on one card."""
    noting.leave(note_id=note_id)


@shared_task(name="webhooks.sweep")
def sweep() -> None:
    """Beat's: whatever was not rung, or whose holder has died."""
    sweeping.sweep()


@shared_task(name="webhooks.age_out")
def age_out() -> None:
    """Beat's: bodies that nobody needs any more."""
    sweeping.age_out()


@shared_task(name="webhooks.check_subscriptions")
def check_subscriptions() -> None:
    """Beat's: does amoCRM still send us everything?"""
    if subscriptions.check():
        doorbell.ring("webhooks.check_subscriptions")  # there is more to read of what was missed
