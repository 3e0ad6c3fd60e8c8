"""Organizations' tasks. Each calls one service; the truth lies in rows."""

from celery import shared_task

from organizations import inbox


@shared_task(name="organizations.age_out_events")
def age_out_events() -> None:
    """Beat's: events that every shard has applied and nobody looks up any more."""
    inbox.age_out()
