"""Beat's ticks of the account."""

from celery import shared_task

from crm import flood_block


@shared_task(name="crm.keep_pace_open")
def keep_pace_open() -> None:
    """After a FLUSHALL the limiter stays closed until PostgreSQL says that nothing blocks us."""
    flood_block.keep_pace_open()
