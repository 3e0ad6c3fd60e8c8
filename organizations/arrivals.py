"""A publication event must not slip in between reading the Directory and remembering the answer.

An organization gets its row in `organizations` when a client first links it, with the status that
the Directory gave a moment before, and only events change that row. One that is applied in this
moment finds no row to change. So whoever links takes `read_begins()`, asks the Directory, and in
the transaction that inserts the row calls `hold_off()` first and believes `newer()` more than the
answer. While one of these transactions is open no event is applied on the shard, and the other way
round; they do not keep each other waiting.
"""

from collections.abc import Collection
from datetime import datetime

from django.db import connections
from django.db.transaction import TransactionManagementError

from ads import shards
from operations import statements
from organizations.statuses import StatusPublish

LOCK = 0x61727269  # "arri"; any number that nobody else locks in a shard's database
SHARED = "SELECT pg_advisory_xact_lock_shared(%(lock)s)"
EXCLUSIVE = "SELECT pg_advisory_xact_lock(%(lock)s)"
# Who waits for the exclusive lock keeps everybody behind it waiting. A link of a large campaign may
# hold the shared one for seconds: then it is given up, and tried again later.
PATIENCE = "SET LOCAL lock_timeout = '1s'"
USUAL_PATIENCE = "SET LOCAL lock_timeout TO DEFAULT"
NOW = "SELECT clock_timestamp()"
NEWER = """
SELECT permalink, published FROM status_seen
WHERE permalink = ANY(%(permalinks)s::bigint[]) AND applied_at >= %(than)s
"""


def read_begins() -> datetime:
    """The current shard's time, which its applier stamps events with. Before the Directory is read."""
    moment: datetime = statements.fetch(NOW, {}, using=shards.current_alias())[0][0]
    return moment


def hold_off() -> None:
    """Let no event be applied on the current shard until our transaction ends.

    The first thing in it: one who holds a banner and waits here, and the applier, who waits for
    that banner, would wait for each other.
    """
    _lock(SHARED)


def keep_out() -> None:
    """The applier's half: wait for those who link, and let nobody else begin until we are done.

    Raises OperationalError after a second.
    """
    alias = shards.current_alias()
    statements.execute(PATIENCE, {}, using=alias)
    _lock(EXCLUSIVE)
    statements.execute(USUAL_PATIENCE, {}, using=alias)


def newer(*, permalinks: Collection[int], than: datetime) -> dict[int, StatusPublish]:
    """What events have said of these organizations since then. Within `hold_off()`."""
    arguments = {"permalinks": list(permalinks), "than": than}
    rows = statements.fetch(NEWER, arguments, using=shards.current_alias())
    return {
        permalink: StatusPublish.PUBLISHED if published else StatusPublish.UNPUBLISHED
        for permalink, published in rows
    }


def _lock(statement: str) -> None:
    alias = shards.current_alias()
    if not connections[alias].in_atomic_block:
        raise TransactionManagementError("outside of a transaction the lock would be gone at once")
    statements.fetch(statement, {"lock": LOCK}, using=alias)
