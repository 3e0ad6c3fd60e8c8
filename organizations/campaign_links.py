"""A campaign's organization, brought to its banners: looked at, counted before, set, taken away.

Linking puts it in place of whatever its text banners have; unlinking takes it from those that have
it, and leaves another choice alone. What takes long is left to a worker.
"""

from dataclasses import dataclass
from typing import Final

from django.conf import settings

from ads import shards
from clients.directory.client import Directory
from operations import statements
from organizations import (
    arrivals,
    campaign_changes,
    campaign_counters,
    inquiries,
    phone_choice,
    propagating,
)
from organizations.actors import Actor
from organizations.belongings import check_campaign, shard_of_client
from organizations.inquiries import Told
from organizations.models import CampaignChange, CampaignPermalink
from organizations.refusals import NotYoursError
from organizations.wishes import NOTHING, Linked, Wish

# Banners of a campaign: some 50 ms of statements for a person who waits; more are a worker's.
MOST_AT_ONCE: Final = 1_000

COUNT = f"""
SELECT count(*), count(*) FILTER (WHERE eligible),
       count(*) FILTER (WHERE eligible AND permalink IS NULL),
       count(*) FILTER (WHERE eligible AND permalink <> %(permalink)s),
       count(*) FILTER (WHERE eligible AND permalink = %(permalink)s
                        AND phone IS DISTINCT FROM %(phone)s::bigint),
       count(*) FILTER (WHERE permalink = %(former)s),
       count(*) FILTER (WHERE permalink <> %(former)s)
FROM (
    SELECT ({propagating.ELIGIBLE}) AS eligible, m.permalink, m.client_phone_id AS phone
    FROM banners b
    LEFT JOIN banner_permalinks m ON m.bid = b.bid AND m.permalink_assign_type = 'manual'
    WHERE b.cid = %(cid)s
) AS each
"""  # noqa: S608 (no value is part of the text)

# What will be on the campaign's banners: its organization, and what is on those it is not put on.
REMAINING = f"""
SELECT DISTINCT m.permalink FROM banners b
JOIN banner_permalinks m ON m.bid = b.bid AND m.permalink_assign_type = 'manual'
WHERE b.cid = %(cid)s AND CASE
    WHEN %(permalink)s::bigint IS NULL THEN m.permalink IS DISTINCT FROM %(former)s::bigint
    ELSE NOT ({propagating.ELIGIBLE}) END
"""  # noqa: S608 (no value is part of the text)


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a wish would do, in banners. `linked`: have none now; `replaced`: have another one, a
    choice by hand among them; `phones`: have it with another number; `unlinked`; `kept`: keep
    another one. `later`: a worker does it, and it takes a moment.
    """

    banners: int = 0
    linked: int = 0
    replaced: int = 0
    phones: int = 0
    unlinked: int = 0
    kept: int = 0
    later: bool = False

    @property
    def changed(self) -> int:
        return self.linked + self.replaced + self.phones + self.unlinked


def current(*, client_id: int, cid: int) -> Linked:
    """The campaign's own link. Raises NotYoursError."""
    with shard_of_client(client_id):
        check_campaign(client_id=client_id, cid=cid)
        return _linked(cid)


def forecast(*, client_id: int, cid: int, wish: Wish) -> Forecast:
    """How many banners the wish would change. Asks nobody, changes nothing. Raises NotYoursError."""
    with shard_of_client(client_id):
        check_campaign(client_id=client_id, cid=cid)
        return _forecast(cid, wish, _linked(cid))


def set_organization(
    *, client_id: int, cid: int, wish: Wish, actor: Actor, directory: Directory
) -> CampaignChange:
    """Give the campaign and its banners what is wished: done, or waiting for a worker.

    A wish that the campaign has already is done without a row (`pk` None). Raises
    LinkRefusedError, nothing being changed, and NotYoursError.
    """
    with shard_of_client(client_id) as shard:
        check_campaign(client_id=client_id, cid=cid)
        before = _linked(cid)
        phone_choice.check(
            client_id=client_id, wish=wish, before=before, actor=actor, directory=directory
        )
        ordered = _change(client_id, cid, wish, before, actor)
        if (wish.permalink, wish.client_phone_id) == (before.permalink, before.client_phone_id):
            ordered.state = CampaignChange.State.DONE
            return ordered
        later = _forecast(cid, wish, before).later
        _keep(ordered, _ask(ordered, directory))
        if later:
            campaign_changes.open_change(ordered)
            campaign_changes.ring(shard=shard, change=ordered)
            return ordered
        with shards.atomic():
            campaign_changes.apply(campaign_changes.open_change(ordered))
        ordered.refresh_from_db()
        return ordered


def change(*, client_id: int, change_id: int) -> CampaignChange:
    """What has become of a change. Raises NotYoursError."""
    with shard_of_client(client_id):
        found = CampaignChange.objects.filter(pk=change_id, client_id=client_id).first()
    if found is None:
        raise NotYoursError(f"campaign change {change_id}")
    return found


def _change(client_id: int, cid: int, wish: Wish, before: Linked, actor: Actor) -> CampaignChange:
    return CampaignChange(
        client_id=client_id,
        cid=cid,
        actor=actor.name,
        uid=actor.uid,
        from_permalink=before.permalink,
        from_phone=before.client_phone_id,
        to_permalink=wish.permalink,
        to_phone=wish.client_phone_id,
        propagates=settings.ORGANIZATIONS_PROPAGATION,
    )


def _ask(change: CampaignChange, directory: Directory) -> Told:
    """New is an organization that the campaign does not have. A number asks nobody."""
    old, new = change.from_permalink, change.to_permalink
    if new == old:
        return Told(arrivals.read_begins())
    counting: frozenset[int] = frozenset()
    if change.propagates:
        before = campaign_counters.before(cid=change.cid)
        counting = campaign_counters.needed(before=before, after=_remaining(change))
    return inquiries.about(new=new, counting=counting, directory=directory)


def _keep(change: CampaignChange, told: Told) -> None:
    """In the row, for whoever applies it."""
    change.asked_at = told.at
    if told.organization is not None:
        change.chain_id = told.organization.chain_id
        change.status_publish = told.organization.status.value
    if told.counters is not None:
        change.counters = {str(each): counter for each, counter in told.counters.items()}


def _remaining(change: CampaignChange) -> frozenset[int]:
    given = {
        "cid": change.cid,
        "permalink": change.to_permalink,
        "former": change.from_permalink,
    }
    rows = statements.fetch(REMAINING, given, using=shards.current_alias())
    own = frozenset() if change.to_permalink is None else frozenset({change.to_permalink})
    return frozenset(permalink for (permalink,) in rows) | own


def _forecast(cid: int, wish: Wish, before: Linked) -> Forecast:
    if not settings.ORGANIZATIONS_PROPAGATION:
        return Forecast()
    given = {
        "cid": cid,
        "permalink": wish.permalink,
        "phone": wish.client_phone_id,
        "former": before.permalink,
    }
    rows = statements.fetch_bound(COUNT, given, using=shards.current_alias())
    all_of_them, eligible, linked, replaced, phones, unlinked, kept = rows[0]
    later = all_of_them > MOST_AT_ONCE
    if wish.permalink is None:
        return Forecast(eligible, unlinked=unlinked, kept=kept, later=later)
    if wish.permalink == before.permalink:
        return Forecast(eligible, phones=phones, kept=kept, later=later)
    return Forecast(eligible, linked=linked, replaced=replaced, phones=phones, later=later)


def _linked(cid: int) -> Linked:
    links = CampaignPermalink.objects.filter(cid=cid)
    found = links.values_list("permalink", "chain_id", "client_phone_id").first()
    return Linked(*found) if found else NOTHING
