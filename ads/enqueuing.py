"""Sending banners to moderation and to BS again. Who takes them from the queues is not our business."""

from collections.abc import Collection

from ads import shards
from operations import statements

# ORDER BY: two that touch the same banners take the rows in one order. Without it they deadlock.
LOCK = "SELECT bid FROM banners WHERE bid = ANY(%(bids)s::bigint[]) ORDER BY bid FOR NO KEY UPDATE"

# An entry keeps its place; its version tells a sender that what it has sent is not the newest.
ENQUEUE = """
WITH changed AS (
    UPDATE banners
    SET status_moderate = 'Ready', status_bs_synced = 'No', last_change = clock_timestamp()
    WHERE bid = ANY(%(bids)s::bigint[]) RETURNING bid
), moderated AS (
    INSERT INTO moderation_queue AS q (bid, reason)
    SELECT bid, %(reason)s::text FROM changed ORDER BY bid
    ON CONFLICT (bid) DO UPDATE SET reason = excluded.reason, version = q.version + 1
)
INSERT INTO bs_queue AS q (bid, reason)
SELECT bid, %(reason)s::text FROM changed ORDER BY bid
ON CONFLICT (bid) DO UPDATE SET reason = excluded.reason, version = q.version + 1
RETURNING bid
"""


def lock(bids: Collection[int]) -> frozenset[int]:
    """Keep these banners to ourselves until the transaction ends; those of them that are here."""
    arguments = {"bids": list(bids)}
    rows = statements.fetch_bound(LOCK, arguments, using=shards.current_alias())
    return frozenset(bid for (bid,) in rows)


def enqueue(*, bids: Collection[int], reason: str) -> frozenset[int]:
    """Have these banners, locked by the caller, moderated and sent again; those that are here."""
    arguments = {"bids": list(bids), "reason": reason}
    rows = statements.fetch_bound(ENQUEUE, arguments, using=shards.current_alias())
    return frozenset(bid for (bid,) in rows)
