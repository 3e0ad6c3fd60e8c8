"""Whose a banner and a campaign is. What is another's looks like what is not there."""

from collections.abc import Iterator
from contextlib import contextmanager

from ads.models import Banner, Campaign
from ads.shards import UnknownClientError, shard_of, use_shard
from organizations.refusals import NotYoursError


@contextmanager
def shard_of_client(client_id: int) -> Iterator[int]:
    """Work on this client's shard, whose number is yielded. Raises NotYoursError."""
    try:
        shard = shard_of(client_id)
    except UnknownClientError as error:
        raise NotYoursError(f"client {client_id}") from error
    with use_shard(shard):
        yield shard


def campaign_of_banner(*, client_id: int, bid: int) -> int:
    """The campaign of the client's banner, on the current shard. Raises NotYoursError."""
    banners = Banner.objects.filter(bid=bid, campaign__client_id=client_id)
    cid = banners.values_list("campaign_id", flat=True).first()
    if cid is None:
        raise NotYoursError(f"banner {bid}")
    return cid


def check_campaign(*, client_id: int, cid: int) -> None:
    """Raises NotYoursError where the current shard has no such campaign of the client."""
    if not Campaign.objects.filter(cid=cid, client_id=client_id).exists():
        raise NotYoursError(f"campaign {cid}")
