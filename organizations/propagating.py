"""A campaign's organization on its banners, however many: the writer of manual links, set-based.

As in `linking`, banners whose links really change come back, and they alone go to moderation and to
BS again. The campaign and its banners are locked by `lock`, in the caller's transaction. History is
written here: the statement that clears is the last one that sees what there was.
"""

from typing import Any, Final

from ads import enqueuing, shards
from operations import statements
from organizations.linking import LINKED, UNLINKED
from organizations.models import CampaignChange

# What a campaign's organization is brought to; others may have one of their own, by hand.
ELIGIBLE: Final = "b.cid = %(cid)s AND b.banner_type = 'text' AND b.status_arch = 'No'"

# The campaign first: whoever links one of its banners waits here. All of its banners, by number. What
# the campaign is linked to is not older than the lock: nobody else has a change of it open.
LOCK = """
WITH campaign AS MATERIALIZED (
    SELECT cid FROM campaigns WHERE cid = %(cid)s FOR NO KEY UPDATE
), locked AS MATERIALIZED (
    SELECT b.bid FROM campaign JOIN banners b USING (cid) ORDER BY b.bid FOR NO KEY UPDATE OF b
)
SELECT (SELECT count(*) FROM locked), p.permalink_id, p.client_phone_id
FROM campaign LEFT JOIN campaign_permalinks p USING (cid)
"""

# A banner that has the organization already keeps its chain and its vCard's priority. Another number
# for the campaign's organization (`relinks` false) is nothing to a banner that has another one.
CLEAR = f"""
WITH differing AS MATERIALIZED (
    SELECT b.bid, m.permalink, m.client_phone_id AS phone,
           coalesce(m.prefer_vcard_over_permalink, false) AS prefer,
           m.permalink IS NOT DISTINCT FROM %(permalink)s AS keeps, m.chain_id
    FROM banners b
    LEFT JOIN banner_permalinks m ON m.bid = b.bid AND m.permalink_assign_type = 'manual'
    WHERE {ELIGIBLE} AND (%(relinks)s OR m.permalink = %(permalink)s)
    AND (m.permalink, m.client_phone_id)
        IS DISTINCT FROM (%(permalink)s::bigint, %(phone)s::bigint)
), cleared AS (
    DELETE FROM banner_permalinks x USING differing d
    WHERE x.bid = d.bid AND (
        x.permalink_assign_type = 'manual' AND NOT d.keeps
        OR x.permalink_assign_type = 'auto' AND x.permalink = %(permalink)s
           AND x.chain_id <> CASE WHEN d.keeps THEN d.chain_id ELSE %(chain)s END)
)
INSERT INTO link_history (client_id, cid, bid, action, actor, uid, from_permalink, from_phone,
                          from_vcard, to_permalink, to_phone, to_vcard)
SELECT %(client)s, %(cid)s, bid, 'set', %(actor)s, %(uid)s::bigint, permalink, phone, prefer,
       %(permalink)s::bigint, %(phone)s::bigint, prefer AND keeps
FROM differing ORDER BY bid
RETURNING bid
"""  # noqa: S608 (no value is part of the text)

PUT = """
INSERT INTO banner_permalinks AS x
    (bid, permalink, chain_id, permalink_assign_type, client_phone_id, prefer_vcard_over_permalink)
SELECT g.bid, %(permalink)s::bigint, coalesce(m.chain_id, %(chain)s::bigint), 'manual',
       %(phone)s::bigint, coalesce(m.prefer_vcard_over_permalink, false)
FROM unnest(%(bids)s::bigint[]) AS g(bid)
LEFT JOIN banner_permalinks m ON m.bid = g.bid AND m.permalink_assign_type = 'manual'
ORDER BY g.bid
ON CONFLICT (bid, permalink, chain_id) DO UPDATE
SET permalink_assign_type = 'manual', is_change_to_manual_rejected = false, is_sent_to_bs = false,
    client_phone_id = excluded.client_phone_id,
    prefer_vcard_over_permalink = excluded.prefer_vcard_over_permalink
RETURNING bid
"""

# Of whatever kind and state: a banner may have been archived since it was linked.
REMOVE = """
WITH removed AS (
    DELETE FROM banner_permalinks x USING banners b
    WHERE b.cid = %(cid)s AND x.bid = b.bid AND x.permalink = %(former)s
    AND x.permalink_assign_type = 'manual'
    RETURNING x.bid, x.client_phone_id, x.prefer_vcard_over_permalink
)
INSERT INTO link_history (client_id, cid, bid, action, actor, uid, from_permalink, from_phone,
                          from_vcard)
SELECT %(client)s, %(cid)s, bid, 'set', %(actor)s, %(uid)s::bigint, %(former)s, client_phone_id,
       prefer_vcard_over_permalink
FROM removed ORDER BY bid
RETURNING bid
"""


def lock(*, cid: int) -> tuple[int | None, int | None]:
    """Keep the campaign and its banners to ourselves; its organization and phone as they are now."""
    rows = statements.fetch(LOCK, {"cid": cid}, using=shards.current_alias())
    _, permalink, phone = rows[0]
    return permalink, phone


def put(change: CampaignChange) -> frozenset[int]:
    """Give every eligible banner the change's organization and phone; the banners that changed."""
    given = _given(change)
    alias = shards.current_alias()
    bids = [bid for (bid,) in statements.fetch(CLEAR, given, using=alias)]
    if not bids:
        return frozenset()
    put = statements.fetch_bound(PUT, given | {"bids": bids}, using=alias)
    return enqueuing.enqueue(bids=[bid for (bid,) in put], reason=LINKED)


def remove(change: CampaignChange) -> frozenset[int]:
    """Take the campaign's former organization from its banners; another choice on one stays."""
    rows = statements.fetch(REMOVE, _given(change), using=shards.current_alias())
    return enqueuing.enqueue(bids=[bid for (bid,) in rows], reason=UNLINKED)


def _given(change: CampaignChange) -> dict[str, Any]:
    return {
        "client": change.client_id,
        "cid": change.cid,
        "actor": change.actor,
        "uid": change.uid,
        "former": change.from_permalink,
        "permalink": change.to_permalink,
        "phone": change.to_phone,
        "chain": change.chain_id,
        "relinks": change.to_permalink != change.from_permalink,
    }
