"""How far a shard is behind the inbox of publication events."""

from dataclasses import dataclass

from ads.shards import use_shard
from operations import statements
from organizations import applying

MOST_COUNTED = 1_000_000  # more is as bad, and costs more to find out

BEHIND = """
SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(received_at)), 0)::float8
FROM (SELECT received_at FROM status_inbox WHERE id > %(after)s ORDER BY id LIMIT %(most)s) AS w
"""


@dataclass(frozen=True, slots=True)
class Lag:
    """`events` wait for the shard, at most MOST_COUNTED; the first one for so many `seconds`."""

    events: int
    seconds: float


def lag(*, shard: int) -> Lag:
    """Raises django.db.Error where the shard, or the default database, is away."""
    with use_shard(shard):
        after = applying.position()
    events, seconds = statements.fetch(BEHIND, {"after": after, "most": MOST_COUNTED})[0]
    return Lag(events, max(seconds, 0.0))
