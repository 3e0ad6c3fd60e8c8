"""Edits of people at random, events of the Directory in between, and what has to hold after each.

The model knows what is linked to what, what the Directory says and what each client remembers. A
step is drawn by a function of a bounded number, so that hypothesis and a seeded generator can both
draw, and the failing walk is printed as the calls that it made.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from ads.models import Banner, BsEntry, ModerationEntry
from ads.shards import use_shard
from organizations import applying, banner_links, campaign_links
from organizations.models import (
    BannerPermalink,
    CampaignPermalink,
    LinkHistory,
    Organization,
    StatusSeen,
)
from organizations.refusals import LinkRefusedError
from organizations.wishes import Wish
from tests.organizations.links.office import (
    COUNTERS,
    ONE,
    OTHER,
    OWNER,
    SHARD,
    STRANGER,
    THIRD,
    Office,
)
from tests.organizations.status_events import happened

PERMALINKS = (ONE, OTHER, THIRD)
MINUTES = 100_000  # of the Directory's events, which come in any order

Draw = Callable[[int], int]  # a number below the given one


@dataclass
class Walk:
    """An office with some banners. `manual`, `campaign`: organization and phone as they should be."""

    office: Office
    bids: list[int]
    phones: list[int | None]
    manual: dict[int, tuple[int, int | None, bool]] = field(default_factory=dict)
    autos: dict[int, set[int]] = field(default_factory=dict)
    rejected: set[tuple[int, int]] = field(default_factory=set)
    campaign: tuple[int | None, int | None] = (None, None)
    remembered: dict[int, str] = field(default_factory=dict)
    latest: dict[int, int] = field(default_factory=dict)
    sent: dict[int, int] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    def step(self, draw: Draw) -> None:
        """One edit or event, and the invariants."""
        steps = (
            self.link, self.link, self.link, self.unlink, self.link_campaign,
            self.unlink_campaign, self.reject, self.recommend, self.event, self.event, self.close,
        )  # fmt: skip
        steps[draw(len(steps))](draw)
        self.check()

    def link(self, draw: Draw) -> None:
        bid, permalink = self._banner(draw), PERMALINKS[draw(3)]
        phone, prefer = self.phones[draw(len(self.phones))], draw(3) == 0
        actor = (OWNER, STRANGER)[draw(2)]
        self._say(f"link {bid} {permalink} {phone} {prefer}")
        with suppress(LinkRefusedError):
            _, changed = self.office.link(
                permalink, bid=bid, actor=actor, client_phone_id=phone, prefer_vcard=prefer
            )
            assert changed == (self.manual.get(bid) != (permalink, phone, prefer))
            self._linked(bid, permalink, phone, prefer)

    def unlink(self, draw: Draw) -> None:
        bid = self._banner(draw)
        self._say(f"unlink {bid}")
        self.office.link(None, bid=bid)
        if self.manual.pop(bid, None):
            self._sent(bid)

    def link_campaign(self, draw: Draw) -> None:
        permalink, phone = PERMALINKS[draw(3)], self.phones[draw(2)]
        self._say(f"link campaign {permalink} {phone}")
        with suppress(LinkRefusedError):
            self._for_campaign(Wish(permalink, client_phone_id=phone))
            if self.campaign == (permalink, phone):
                return
            for bid in self.bids:
                had = self.manual.get(bid)
                same = had is not None and had[0] == permalink
                if same or self.campaign[0] != permalink:
                    self._linked(bid, permalink, phone, bool(had and same and had[2]))
            self.campaign = permalink, phone
            self.remembered.setdefault(permalink, "published")

    def unlink_campaign(self, _: Draw) -> None:
        self._say("unlink campaign")
        self._for_campaign(Wish(None))
        for bid in [bid for bid, had in self.manual.items() if had[0] == self.campaign[0]]:
            del self.manual[bid]
            self._sent(bid)
        self.campaign = None, None

    def reject(self, draw: Draw) -> None:
        bid, permalink = self._banner(draw), PERMALINKS[draw(3)]
        self._say(f"reject {bid} {permalink}")
        found = banner_links.reject(
            client_id=self.office.client_id, bid=bid, permalink=permalink, actor=OWNER
        )
        assert found == (permalink in self.autos.get(bid, ()))
        if found:
            self.rejected.add((bid, permalink))

    def recommend(self, draw: Draw) -> None:
        """As the import does it: not what is linked by hand already."""
        bid, permalink = self._banner(draw), PERMALINKS[draw(3)]
        mine = self.manual.get(bid)
        if permalink in self.autos.get(bid, ()) or (mine and mine[0] == permalink):
            return
        self._say(f"auto {bid} {permalink}")
        self.office.auto(permalink, bid=bid)
        self.autos.setdefault(bid, set()).add(permalink)

    def event(self, draw: Draw) -> None:
        """The newest by its own time wins, in whatever order they come."""
        permalink, published, minute = PERMALINKS[draw(3)], draw(2) == 0, draw(MINUTES)
        self._say(f"event {permalink} {published} {minute}")
        happened(permalink, published=published, minute=minute)
        with use_shard(SHARD):
            applying.apply_next(most=100)
        # Of one minute the one that came later is newer.
        if minute < self.latest.get(permalink, 0):
            return
        self.latest[permalink] = minute
        status = "published" if published else "unpublished"
        if self.remembered.get(permalink) in {None, status}:
            return
        self.remembered[permalink] = status
        for bid in [bid for bid, had in self.manual.items() if had[0] == permalink]:
            self._sent(bid)

    def close(self, draw: Draw) -> None:
        """What the Directory says when it is asked."""
        permalink, status = PERMALINKS[draw(3)], ("PUBLISH", "PUBLISH", "MOVED")[draw(3)]
        self._say(f"directory {permalink} {status}")
        self.office.emulated.put(permalink, publishing_status=status)

    def check(self) -> None:
        """The tables are what the model says; nothing else has changed."""
        with use_shard(SHARD):
            rows = list(BannerPermalink.objects.filter(bid__in=self.bids))
            manual = {each.bid: each for each in rows if each.permalink_assign_type == "manual"}
            assert len(manual) == sum(each.permalink_assign_type == "manual" for each in rows)
            assert self.manual == {
                bid: (each.permalink, each.client_phone_id, each.prefer_vcard_over_permalink)
                for bid, each in manual.items()
            }
            autos = {
                (each.bid, each.permalink): each.is_change_to_manual_rejected
                for each in rows
                if each.permalink_assign_type == "auto"
            }
            assert autos == {
                (bid, permalink): (bid, permalink) in self.rejected
                for bid, permalinks in self.autos.items()
                for permalink in permalinks
            }
            own = CampaignPermalink.objects.filter(cid=self.office.cid)
            assert list(own.values_list("permalink", "client_phone_id")) == (
                [self.campaign] if self.campaign[0] else []
            )
            remembered = Organization.objects.filter(client_id=self.office.client_id)
            assert dict(remembered.values_list("permalink", "status_publish")) == self.remembered
            self._check_queues()
            self._check_history()
        linked = {permalink for permalink, _, _ in self.manual.values()}
        assert self.office.counters() == {COUNTERS[each] for each in linked}
        assert self.office.brought() == {each: COUNTERS[each] for each in linked}

    def _check_queues(self) -> None:
        """Sent again exactly as often as a link or its status has really changed."""
        for queue in (ModerationEntry, BsEntry):
            entries = queue.objects.filter(bid__in=self.bids)
            assert dict(entries.values_list("bid", "version")) == self.sent
        waiting = Banner.objects.filter(bid__in=self.bids, status_moderate="Ready")
        assert set(waiting.values_list("bid", flat=True)) == set(self.sent)

    def _check_history(self) -> None:
        """The last line about each banner is how it is; before it was as the line before says."""
        now: dict[int, int | None] = {}
        lines = LinkHistory.objects.filter(bid__in=self.bids, action="set").order_by("id")
        for line in lines:
            assert line.bid is not None
            assert now.get(line.bid) == line.from_permalink
            now[line.bid] = line.to_permalink
        assert {bid: has for bid, has in now.items() if has is not None} == {
            bid: permalink for bid, (permalink, _, _) in self.manual.items()
        }

    def _linked(self, bid: int, permalink: int, phone: int | None, prefer: bool) -> None:
        self.remembered.setdefault(permalink, "published")
        if self.manual.get(bid) != (permalink, phone, prefer):
            self._sent(bid)
        self.manual[bid] = permalink, phone, prefer
        self.autos.get(bid, set()).discard(permalink)
        self.rejected.discard((bid, permalink))

    def _for_campaign(self, wish: Wish) -> None:
        change = campaign_links.set_organization(
            client_id=self.office.client_id,
            cid=self.office.cid,
            wish=wish,
            actor=OWNER,
            directory=self.office.directory,
        )
        assert change.state == "done"

    def _banner(self, draw: Draw) -> int:
        return self.bids[draw(len(self.bids))]

    def _sent(self, bid: int) -> None:
        self.sent[bid] = self.sent.get(bid, 0) + 1

    def _say(self, call: str) -> None:
        self.calls.append(call)


def begun(office: Office, *, banners: int = 3) -> Walk:
    bids = [office.bid, *(office.banner() for _ in range(banners - 1))]
    with use_shard(SHARD):
        StatusSeen.objects.all().delete()  # of walks before
    manual = office.phone(office.cid * 10 + 1, kind="manual")  # strangers may not show it
    telephony = office.phone(office.cid * 10 + 2)
    return Walk(office, bids, [None, telephony, manual])
