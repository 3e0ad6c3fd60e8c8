"""An advertiser on the second shard who links organizations of an emulated Directory."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import connections

from ads.models import (
    Banner,
    BsEntry,
    CampaignCounter,
    CampaignOrganizationCounter,
    ClientPhone,
    ModerationEntry,
)
from ads.shards import use_shard
from clients.directory.client import Directory
from organizations import banner_links
from organizations.actors import Actor
from organizations.models import BannerPermalink, LinkHistory, Organization
from organizations.wishes import Linked, Wish
from tests import sharded
from tests.clients.directory.conftest import Emulated

SHARD = 2
ONE, OTHER, THIRD = 31, 32, 33
COUNTERS = {ONE: 501, OTHER: 502, THIRD: 503}
CHAIN = 41
OWNER, STRANGER = Actor("owner@example", uid=900), Actor("stranger@example", uid=901)
AWAY = {"kind": "refuse", "status": 404}  # below: any endpoint, at once and without a retry

TABLES = (
    "organizations",
    "banner_permalinks",
    "campaign_permalinks",
    "campaign_counters",
    "campaign_org_counters",
    "moderation_queue",
    "bs_queue",
    "link_history",
    "campaign_changes",
    "banners",
)


@dataclass
class Office:
    """One client with a campaign of one banner; more where a test needs them."""

    emulated: Emulated
    directory: Directory
    client_id: int
    cid: int
    bid: int

    def link(
        self, permalink: int | None, *, bid: int | None = None, actor: Actor = OWNER, **wish: Any
    ) -> tuple[Linked, bool]:
        return banner_links.set_organization(
            client_id=self.client_id,
            bid=bid or self.bid,
            wish=Wish(permalink, **wish),
            actor=actor,
            directory=self.directory,
        )

    def banner(self, *, cid: int | None = None, kind: str = Banner.Type.TEXT) -> int:
        return sharded.banner(cid=cid or self.cid, shard=SHARD, kind=kind)

    def auto(self, permalink: int, *, bid: int | None = None, **values: object) -> None:
        """As the import links it."""
        with use_shard(SHARD):
            BannerPermalink.objects.create(
                bid=bid or self.bid, permalink=permalink, permalink_assign_type="auto", **values
            )

    def phone(
        self,
        number_id: int,
        *,
        kind: str = "telephony",
        permalink: int | None = None,
        client_id: int | None = None,
    ) -> int:
        with use_shard(SHARD):
            made = ClientPhone.objects.create(
                client_phone_id=number_id,
                client_id=client_id or self.client_id,
                kind=kind,
                number=f"+7{number_id}",
                permalink=permalink,
            )
        return made.client_phone_id

    def away(self) -> None:
        """The Directory answers nobody."""
        self.emulated.script({"kind": "refuse", "status": 503}, forever=True)

    def asked_by(self, work: Callable[[], object]) -> dict[str, int]:
        """By endpoint: the requests that the Directory got meanwhile."""
        before = self.emulated.asked()
        work()
        after = self.emulated.asked()
        return {
            each: n - before.get(each, 0) for each, n in after.items() if n > before.get(each, 0)
        }

    def manual(self, bid: int | None = None) -> list[int]:
        with use_shard(SHARD):
            links = BannerPermalink.objects.filter(
                bid=bid or self.bid, permalink_assign_type="manual"
            )
            return list(links.values_list("permalink", flat=True))

    def row(self, permalink: int, *, bid: int | None = None) -> BannerPermalink:
        with use_shard(SHARD):
            return BannerPermalink.objects.get(bid=bid or self.bid, permalink=permalink)

    def organizations(self) -> dict[int, tuple[int, str]]:
        with use_shard(SHARD):
            rows = Organization.objects.filter(client_id=self.client_id)
            return {each.permalink: (each.chain_id, each.status_publish) for each in rows}

    def counters(self, cid: int | None = None) -> set[int]:
        """Technical ones."""
        with use_shard(SHARD):
            rows = CampaignCounter.objects.filter(cid=cid or self.cid, origin="technical")
            return set(rows.values_list("counter_id", flat=True))

    def brought(self) -> dict[int, int]:
        with use_shard(SHARD):
            rows = CampaignOrganizationCounter.objects.filter(cid=self.cid)
            return dict(rows.values_list("permalink", "counter_id"))

    def sent(self, bid: int | None = None) -> tuple[int, int]:
        """How often the banner was put into each queue."""
        with use_shard(SHARD):
            found = [
                queue.objects.filter(bid=bid or self.bid).values_list("version", flat=True).first()
                for queue in (ModerationEntry, BsEntry)
            ]
        return found[0] or 0, found[1] or 0

    def history(self) -> list[LinkHistory]:
        with use_shard(SHARD):
            return list(LinkHistory.objects.filter(client_id=self.client_id).order_by("id"))


def everything() -> Mapping[str, list[tuple[Any, ...]]]:
    """Every row of the second shard that a link could touch."""
    return {table: _rows(table) for table in TABLES}


def unchanged_by(work: Callable[[], object]) -> bool:
    before = everything()
    work()
    return everything() == before


def _rows(table: str) -> list[tuple[Any, ...]]:
    with connections["shard2"].cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table} ORDER BY {table}")  # noqa: S608 (a constant above)
        return list(cursor.fetchall())


def made(*, emulated: Emulated, directory: Directory) -> Office:
    client_id = sharded.client(shard=SHARD)
    cid = sharded.campaign(client_id=client_id, shard=SHARD)
    office = Office(emulated, directory, client_id, cid, sharded.banner(cid=cid, shard=SHARD))
    put = partial(emulated.put, owner_uids=[OWNER.uid])
    put(ONE, chain={"id": CHAIN, "name": "Сеть"}, metrika_data={"counter_id": COUNTERS[ONE]})
    put(OTHER, metrika_data={"counter_id": COUNTERS[OTHER]})
    put(THIRD, metrika_data={"counter_id": COUNTERS[THIRD]})
    return office
