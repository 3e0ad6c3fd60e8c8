"""A banner's organization: looked at, set, taken away; recommendations of the import.

The Directory is asked before the transaction, about what is new alone. Confirming a recommendation
is linking it, there is no second way.
"""

from dataclasses import dataclass

from ads import enqueuing, shards
from ads.models import Campaign
from clients.directory.client import Directory
from organizations import arrivals, campaign_counters, history, inquiries, linking, phone_choice
from organizations.actors import Actor
from organizations.belongings import campaign_of_banner, shard_of_client
from organizations.inquiries import Told
from organizations.linking import Known, LinkChangedError, ManualLink
from organizations.models import BannerPermalink
from organizations.refusals import changed_meanwhile
from organizations.wishes import NOTHING, Linked, Wish


@dataclass(frozen=True, slots=True)
class Recommendation:
    """An organization that the import has linked and the client may link by hand."""

    permalink: int
    chain_id: int


@dataclass(frozen=True, slots=True)
class _Change:
    """A decision about one banner, everything known that it takes."""

    client_id: int
    cid: int
    bid: int
    before: Linked
    wish: Wish
    actor: Actor


def current(*, client_id: int, bid: int) -> Linked:
    """The banner's manual link. Raises NotYoursError."""
    with shard_of_client(client_id):
        campaign_of_banner(client_id=client_id, bid=bid)
        return _linked(bid)


def set_organization(
    *, client_id: int, bid: int, wish: Wish, actor: Actor, directory: Directory
) -> tuple[Linked, bool]:
    """Give the banner what is wished; what it has then, and whether that is a change.

    Raises LinkRefusedError, nothing being changed, and NotYoursError.
    """
    with shard_of_client(client_id):
        cid = campaign_of_banner(client_id=client_id, bid=bid)
        before = _linked(bid)
        phone_choice.check(
            client_id=client_id, wish=wish, before=before, actor=actor, directory=directory
        )
        if _wished(wish) == _as_wish(before):
            return before, False
        change = _Change(client_id, cid, bid, before, wish, actor)
        told = _ask(change, directory)
        return _apply(change, told), True


def recommendations(*, client_id: int, bid: int) -> list[Recommendation]:
    """What the banner's page offers to link: automatic, not declined. Chains cannot be linked."""
    with shard_of_client(client_id):
        campaign_of_banner(client_id=client_id, bid=bid)
        manual = _linked(bid).permalink
        links = BannerPermalink.objects.filter(
            bid=bid,
            permalink__gt=0,
            permalink_assign_type="auto",
            is_change_to_manual_rejected=False,
        )
        return [
            Recommendation(permalink, chain_id)
            for permalink, chain_id in links.order_by("permalink", "chain_id").values_list(
                "permalink", "chain_id"
            )
            if permalink != manual
        ]


def reject(*, client_id: int, bid: int, permalink: int, actor: Actor) -> bool:
    """Do not recommend this organization again. False: there is no such automatic link."""
    with shard_of_client(client_id), shards.atomic():
        cid = campaign_of_banner(client_id=client_id, bid=bid)
        enqueuing.lock([bid])
        open_ones = BannerPermalink.objects.filter(
            bid=bid,
            permalink=permalink,
            permalink_assign_type="auto",
            is_change_to_manual_rejected=False,
        )
        first_time = open_ones.exists()
        found = linking.reject(bid=bid, permalink=permalink)
        if first_time:
            history.rejected(
                client_id=client_id, cid=cid, bid=bid, actor=actor, permalink=permalink
            )
        return found


def _ask(change: _Change, directory: Directory) -> Told:
    """New is an organization that the banner does not have; a number or a flag asks nobody."""
    old, new = change.before.permalink, change.wish.permalink
    if new == old:
        return Told(arrivals.read_begins())
    others = campaign_counters.organizations_of(cid=change.cid, without=change.bid)
    counting = campaign_counters.needed(before=others | _set(old), after=others | _set(new))
    return inquiries.about(new=new, counting=counting, directory=directory)


def _apply(change: _Change, told: Told) -> Linked:
    known = told.organization
    with shards.atomic():
        if known is not None:
            arrivals.hold_off()
            linking.remember(client_id=change.client_id, organizations=[_newest(known, told)])
        _lock_as_seen(change)
        had = campaign_counters.before(cid=change.cid)
        after = _write(change, known)
        history.changed(
            client_id=change.client_id,
            cid=change.cid,
            bid=change.bid,
            actor=change.actor,
            before=change.before,
            after=after,
        )
        campaign_counters.follow(cid=change.cid, before=had, told=told)
    return after


def _write(change: _Change, known: Known | None) -> Linked:
    bid, old, new = change.bid, change.before, change.wish.permalink
    if new is None:
        linking.remove(links={bid: old.permalink} if old.permalink is not None else {})
        return NOTHING
    after = Linked(
        new,
        known.chain_id if known is not None else old.chain_id,
        change.wish.client_phone_id,
        change.wish.prefer_vcard,
    )
    link = ManualLink(bid, new, after.chain_id, after.client_phone_id, after.prefer_vcard)
    try:
        linking.put(links=[link], seen={bid: old.permalink})
    except LinkChangedError as error:
        raise changed_meanwhile() from error
    return after


def _newest(known: Known, told: Told) -> Known:
    """An event that came since the Directory was read knows more than its answer."""
    status = arrivals.newer(permalinks=[known.permalink], than=told.at).get(known.permalink)
    return known if status is None else Known(known.permalink, known.chain_id, status)


def _lock_as_seen(change: _Change) -> None:
    """The campaign first, which keeps its counters to us, then the banner; as they were looked at."""
    list(Campaign.objects.select_for_update(no_key=True).filter(cid=change.cid))
    enqueuing.lock([change.bid])
    if _linked(change.bid) != change.before:
        raise changed_meanwhile()


def _linked(bid: int) -> Linked:
    manual = BannerPermalink.objects.filter(bid=bid, permalink_assign_type="manual")
    found = manual.values_list(
        "permalink", "chain_id", "client_phone_id", "prefer_vcard_over_permalink"
    ).first()
    return Linked(*found) if found else NOTHING


def _wished(wish: Wish) -> Wish:
    """Without an organization there is nothing that a vCard could go before."""
    return wish if wish.permalink is not None else Wish(None)


def _as_wish(linked: Linked) -> Wish:
    return Wish(linked.permalink, linked.client_phone_id, linked.prefer_vcard)


def _set(permalink: int | None) -> frozenset[int]:
    return frozenset() if permalink is None else frozenset({permalink})
