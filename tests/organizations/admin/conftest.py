"""An organization on banners of two shards, and people who look at it."""

from dataclasses import dataclass

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from ads.models import ClientPhone
from ads.shards import use_shard
from organizations import linking
from organizations.linking import Known, ManualLink
from organizations.models import BannerPermalink, CampaignPermalink
from organizations.statuses import StatusPublish
from tests import sharded

ONE, OTHER = 1_000_000_001, 1_000_000_003  # of the emulated Directory, published both
NUMBER = "+79161234567"


@dataclass(frozen=True, slots=True)
class Linked:
    """A client with a campaign and a banner that have the organization."""

    shard: int
    client_id: int
    cid: int
    bid: int


@pytest.fixture
def linked(db: None) -> list[Linked]:
    """One on each shard; the banners have an automatic link too."""
    return [_linked(shard) for shard in (1, 2)]


def _linked(shard: int) -> Linked:
    client_id = sharded.client(shard=shard)
    cid = sharded.campaign(client_id=client_id, shard=shard)
    bid = sharded.banner(cid=cid, shard=shard)
    with use_shard(shard):
        ClientPhone.objects.create(
            client_phone_id=client_id, client_id=client_id, kind="telephony", number=NUMBER
        )
        CampaignPermalink.objects.create(cid=cid, permalink=ONE)
        BannerPermalink.objects.create(bid=bid, permalink=OTHER, permalink_assign_type="auto")
        linking.remember(
            client_id=client_id, organizations=[Known(ONE, 7, StatusPublish.PUBLISHED)]
        )
        linking.put(links=[ManualLink(bid, ONE, 7, client_id)], seen={bid: None})
    return Linked(shard, client_id, cid, bid)


def staff(*permissions: str) -> Client:
    """A browser of somebody on the staff who may do just this."""
    user = User.objects.create(username="boris", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    browser = Client()
    browser.force_login(user)
    return browser


@pytest.fixture
def browser(db: None) -> Client:
    return staff("view_organization", "view_campaignchange", "view_statusevent")
