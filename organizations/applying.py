"""One shard takes events from the inbox: at its own pace, in the order in which they happened.

The only writer of `status_publish` after a row's insertion. A portion is one transaction on the
shard, its cursor included: whoever dies in it has applied nothing, and a portion that comes twice
changes nothing. The inbox is read before the transaction, which waits for no other database.
"""

from dataclasses import dataclass
from typing import NewType

from ads import enqueuing, shards
from operations import statements
from organizations import arrivals

CURSOR = "status_changes"
CHANGED = "organization_status"  # the reason in the queues

ArrayText = NewType("ArrayText", str)  # PostgreSQL's own notation of an array

POSITION = "SELECT position FROM status_cursor WHERE name = %(name)s"
# Not deleted: an applier that has looked at the old place already would move on from there.
REWIND = "UPDATE status_cursor SET position = 0 WHERE name = %(name)s"

# An organization's events of one portion come down to the newest. The arrays go from one database
# to the other as PostgreSQL writes them, without becoming objects on the way.
PORTION = """
WITH portion AS MATERIALIZED (
    SELECT id, permalink, event_ts, "offset", published FROM status_inbox
    WHERE id > %(after)s ORDER BY id LIMIT %(most)s
), newest AS (
    SELECT DISTINCT ON (permalink) permalink, event_ts, "offset", published FROM portion
    ORDER BY permalink, event_ts DESC, "offset" DESC
)
SELECT (SELECT count(*) FROM portion), (SELECT max(id) FROM portion),
       array_agg(permalink)::text, array_agg(event_ts)::text, array_agg("offset")::text,
       array_agg(published)::text
FROM newest
"""

# No row: another applier of this shard has moved the cursor, and has applied this portion with it.
MOVE = """
INSERT INTO status_cursor AS c (name, position) VALUES (%(name)s, %(upto)s)
ON CONFLICT (name) DO UPDATE SET position = excluded.position, moved_at = clock_timestamp()
WHERE c.position = %(after)s
RETURNING position
"""

# What is not newer than the last event of its organization gets no further than the first part.
APPLY = """
WITH fresh AS (
    INSERT INTO status_seen AS s (permalink, event_ts, "offset", published, applied_at)
    SELECT *, clock_timestamp()
    FROM unnest(%(permalinks)s::bigint[], %(times)s::timestamptz[], %(offsets)s::bigint[],
                %(published)s::boolean[])
    ON CONFLICT (permalink) DO UPDATE SET event_ts = excluded.event_ts,
        "offset" = excluded."offset", published = excluded.published,
        applied_at = excluded.applied_at
    WHERE (s.event_ts, s."offset") < (excluded.event_ts, excluded."offset")
    RETURNING permalink, CASE WHEN published THEN 'published' ELSE 'unpublished' END AS status
), changed AS (
    UPDATE organizations o SET status_publish = f.status FROM fresh f
    WHERE o.permalink_id = f.permalink AND o.status_publish <> f.status
    RETURNING o."ClientID" AS client_id, o.permalink_id
)
SELECT client_id, permalink_id FROM changed
"""

# Manual links of the client whose organization has changed; another client's row may have changed
# at another time, or be none.
LINKED = """
SELECT l.bid
FROM unnest(%(clients)s::bigint[], %(permalinks)s::bigint[]) AS c(client_id, permalink)
JOIN banner_permalinks l ON l.permalink = c.permalink AND l.permalink_assign_type = 'manual'
JOIN banners b ON b.bid = l.bid
JOIN campaigns g ON g.cid = b.cid AND g.client_id = c.client_id
"""


@dataclass(frozen=True, slots=True)
class Portion:
    """Events of the inbox after one place and up to another, the newest of each organization."""

    after: int
    upto: int
    events: int
    permalinks: ArrayText
    times: ArrayText
    offsets: ArrayText
    published: ArrayText


@dataclass(frozen=True, slots=True)
class Applied:
    """`events` of the inbox taken, `organizations` rows changed, `banners` sent again."""

    events: int
    organizations: int = 0
    banners: int = 0


def apply_next(*, most: int) -> Applied:
    """Apply the next events of the inbox, at most so many, on the current shard."""
    portion = _next(most=most)
    if portion is None:
        return Applied(events=0)
    with shards.atomic():
        arrivals.keep_out()
        if not _move(portion):
            return Applied(events=portion.events)  # look at what is next now
        return _apply(portion)


def rewind() -> None:
    """Take all of the inbox once more on the current shard: what is not newer changes nothing."""
    statements.execute(REWIND, {"name": CURSOR}, using=shards.current_alias())


def position() -> int:
    """The last event of the inbox that the current shard has applied; 0 before the first one."""
    rows = statements.fetch(POSITION, {"name": CURSOR}, using=shards.current_alias())
    return int(rows[0][0]) if rows else 0


def _next(*, most: int) -> Portion | None:
    after = position()
    (events, upto, *arrays), *_ = statements.fetch(PORTION, {"after": after, "most": most})
    return Portion(after, upto, events, *arrays) if events else None


def _move(portion: Portion) -> bool:
    given = {"name": CURSOR, "after": portion.after, "upto": portion.upto}
    return bool(statements.fetch(MOVE, given, using=shards.current_alias()))


def _apply(portion: Portion) -> Applied:
    given = {
        "permalinks": portion.permalinks,
        "times": portion.times,
        "offsets": portion.offsets,
        "published": portion.published,
    }
    changed = statements.fetch_bound(APPLY, given, using=shards.current_alias())
    bids = _linked(changed)
    # Who held a banner before us may have unlinked it: look again now that nobody can.
    enqueuing.lock(bids)
    sent = enqueuing.enqueue(bids=_linked(changed) & bids, reason=CHANGED)
    return Applied(portion.events, len(changed), len(sent))


def _linked(changed: list[tuple[int, int]]) -> frozenset[int]:
    if not changed:
        return frozenset()
    clients, permalinks = zip(*changed, strict=True)
    given = {"clients": list(clients), "permalinks": list(permalinks)}
    rows = statements.fetch_bound(LINKED, given, using=shards.current_alias())
    return frozenset(bid for (bid,) in rows)
