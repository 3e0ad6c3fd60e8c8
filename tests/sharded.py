"""Two shards with an advertiser on each, for tests of what lies on shards."""

import itertools

import pytest
from django.conf import settings

from ads.models import Banner, Campaign, Client
from ads.shards import use_shard

DATABASES = ["default", *settings.SHARDS.values()]
on_shards = pytest.mark.django_db(databases=DATABASES)
committed_on_shards = pytest.mark.django_db(transaction=True, databases=DATABASES)

_numbers = itertools.count(1000)  # unlike in each test: an id of another table helps nobody


def client(*, shard: int) -> int:
    """A client placed on the shard; its id."""
    return Client.objects.create(client_id=next(_numbers), shard=shard).client_id


def campaign(*, client_id: int, shard: int, kind: str = Campaign.Type.TEXT) -> int:
    """A campaign of the client, which is on the shard; its id."""
    with use_shard(shard):
        return Campaign.objects.create(cid=next(_numbers), client_id=client_id, type=kind).cid


def banner(*, cid: int, shard: int, kind: str = Banner.Type.TEXT) -> int:
    """A banner that BS and the moderators have accepted; its id."""
    with use_shard(shard):
        made = Banner.objects.create(
            bid=next(_numbers),
            campaign_id=cid,
            banner_type=kind,
            status_active="Yes",
            status_moderate=Banner.Moderation.YES,
            status_bs_synced=Banner.Synced.YES,
        )
    return made.bid
