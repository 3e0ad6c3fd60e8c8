"""The only writer of manual links, and of the rows that remember what a client has used.

It knows neither the Directory nor who asks: what may be linked is decided before. Every function is
one transaction on the current shard. Banners whose links really changed are moderated and sent
again; the same thing said twice changes nothing the second time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ads import enqueuing, shards
from operations import statements
from organizations.models import BannerPermalink
from organizations.statuses import StatusPublish

LINKED, UNLINKED = "organization_linked", "organization_unlinked"  # reasons in the queues

GIVEN = """unnest(%(bids)s::bigint[], %(permalinks)s::bigint[], %(chains)s::bigint[],
                  %(phones)s::bigint[], %(prefers)s::boolean[])
           AS w(bid, permalink, chain_id, phone, prefer)"""

# What gives way: another manual link, and the same organization under another chain. A statement of
# its own: as a part of the next one it would come too late for the unique index.
CLEAR = f"""
DELETE FROM banner_permalinks x USING {GIVEN}
WHERE x.bid = w.bid AND (
    x.permalink_assign_type = 'manual' AND (x.permalink, x.chain_id) <> (w.permalink, w.chain_id)
    OR x.permalink_assign_type = 'auto' AND x.permalink = w.permalink AND x.chain_id <> w.chain_id)
"""  # noqa: S608 (no value is part of the text)

PUT = f"""
INSERT INTO banner_permalinks AS x
    (bid, permalink, chain_id, permalink_assign_type, client_phone_id, prefer_vcard_over_permalink)
SELECT bid, permalink, chain_id, 'manual', phone, prefer FROM {GIVEN} ORDER BY bid
ON CONFLICT (bid, permalink, chain_id) DO UPDATE
SET permalink_assign_type = 'manual', is_change_to_manual_rejected = false, is_sent_to_bs = false,
    client_phone_id = excluded.client_phone_id,
    prefer_vcard_over_permalink = excluded.prefer_vcard_over_permalink
WHERE (x.permalink_assign_type, x.client_phone_id, x.prefer_vcard_over_permalink)
      IS DISTINCT FROM ('manual', excluded.client_phone_id, excluded.prefer_vcard_over_permalink)
RETURNING bid
"""  # noqa: S608 (no value is part of the text)

REMOVE = """
DELETE FROM banner_permalinks x
USING unnest(%(bids)s::bigint[], %(permalinks)s::bigint[]) AS w(bid, permalink)
WHERE x.bid = w.bid AND x.permalink = w.permalink AND x.permalink_assign_type = 'manual'
RETURNING x.bid
"""

REMEMBER = """
INSERT INTO organizations ("ClientID", permalink_id, chain_id, status_publish)
SELECT %(client)s::bigint, permalink, chain_id, status
FROM unnest(%(permalinks)s::bigint[], %(chains)s::bigint[], %(statuses)s::text[])
     AS g(permalink, chain_id, status) ORDER BY permalink
ON CONFLICT DO NOTHING
RETURNING permalink_id
"""


class LinkChangedError(Exception):
    """Somebody has changed a banner's link since it was looked at: look again."""


@dataclass(frozen=True, slots=True)
class ManualLink:
    """A banner's organization as a person wants it."""

    bid: int
    permalink: int
    chain_id: int = 0
    client_phone_id: int | None = None
    prefer_vcard: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """What the Directory said of an organization that a client links."""

    permalink: int
    chain_id: int
    status: StatusPublish


def put(*, links: Sequence[ManualLink], seen: Mapping[int, int | None]) -> frozenset[int]:
    """Give each banner this manual link in place of the one it has; the banners that changed.

    `seen`: the manual organization of each banner when its owner decided. Of two who decide at once
    the second one gets LinkChangedError. An automatic link of the same organization becomes manual.
    """
    arguments = {
        "bids": [link.bid for link in links],
        "permalinks": [link.permalink for link in links],
        "chains": [link.chain_id for link in links],
        "phones": [link.client_phone_id for link in links],
        "prefers": [link.prefer_vcard for link in links],
    }
    alias = shards.current_alias()
    with shards.atomic():
        _lock_as_seen(seen)
        statements.execute(CLEAR, arguments, using=alias)
        rows = statements.fetch_bound(PUT, arguments, using=alias)
        return enqueuing.enqueue(bids=[bid for (bid,) in rows], reason=LINKED)


def remove(*, links: Mapping[int, int]) -> frozenset[int]:
    """Take this organization (by banner) away where it is the manual one; the banners that changed."""
    arguments = {"bids": list(links), "permalinks": list(links.values())}
    with shards.atomic():
        enqueuing.lock(links)
        rows = statements.fetch_bound(REMOVE, arguments, using=shards.current_alias())
        return enqueuing.enqueue(bids=[bid for (bid,) in rows], reason=UNLINKED)


def reject(*, bid: int, permalink: int) -> bool:
    """Never recommend this automatic link again; it goes on as one. False: there is none."""
    links = BannerPermalink.objects.filter(
        bid=bid, permalink=permalink, permalink_assign_type="auto"
    )
    return links.update(is_change_to_manual_rejected=True) > 0


def remember(*, client_id: int, organizations: Sequence[Known]) -> frozenset[int]:
    """Write down what the client links for the first time; the organizations that were new.

    A row that is there stays as it is: its status follows the Directory's events alone.
    """
    arguments = {
        "client": client_id,
        "permalinks": [known.permalink for known in organizations],
        "chains": [known.chain_id for known in organizations],
        "statuses": [known.status.value for known in organizations],
    }
    rows = statements.fetch_bound(REMEMBER, arguments, using=shards.current_alias())
    return frozenset(permalink for (permalink,) in rows)


def _lock_as_seen(seen: Mapping[int, int | None]) -> None:
    # Read in a second statement: the one that has waited for a lock does not see what came meanwhile.
    enqueuing.lock(seen)
    manual = BannerPermalink.objects.filter(bid__in=seen, permalink_assign_type="manual")
    now = dict(manual.values_list("bid", "permalink"))
    changed = sorted(bid for bid, permalink in seen.items() if now.get(bid) != permalink)
    if changed:
        raise LinkChangedError(f"changed meanwhile: banners {changed[:10]}")
