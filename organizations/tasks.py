"""Organizations' tasks. Each loads by id and calls one service; the truth lies in rows."""

from celery import shared_task

from ads.shards import use_shard
from organizations import campaign_changes, inbox


@shared_task(name="organizations.apply_campaign_change")
def apply_campaign_change(shard: int, change_id: int) -> None:
    """One change of a campaign with many banners."""
    with use_shard(shard):
        campaign_changes.carry_out(change_id=change_id)


@shared_task(name="organizations.sweep_campaign_changes")
def sweep_campaign_changes() -> None:
    """Beat's: changes that were not begun, or whose worker has died."""
    campaign_changes.sweep()


@shared_task(name="organizations.age_out_events")
def age_out_events() -> None:
    """Beat's: events that every shard has applied and nobody looks up any more."""
    inbox.age_out()
