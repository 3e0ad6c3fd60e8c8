"""What operators look at: everything about an organization, a client or a banner, on every shard.

Each look is bounded in rows and in time, and a shard that does not answer is a line on the page. All
questions go through an index. Automatic links have none by organization: they are shown at their
banners. Campaigns have none either, so they are found by the clients who remember the organization.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from django.db import Error, connections

from ads import shards
from operations import statements

logger = logging.getLogger(__name__)
T = TypeVar("T")
Row = dict[str, Any]

MOST: Final = 100  # rows of a kind from a shard: a person reads no more
LIMIT_STATEMENTS = "SET LOCAL statement_timeout = '3s'"  # what goes by index takes milliseconds

ORGANIZATIONS_CLIENTS = """
SELECT "ClientID" AS client_id, status_publish, chain_id FROM organizations
WHERE permalink_id = %(wanted)s ORDER BY "ClientID" LIMIT %(most)s
"""
ORGANIZATIONS_CAMPAIGNS = """
SELECT g.cid, g.client_id, l.permalink_id AS permalink, p.number AS phone
FROM organizations o JOIN campaigns g ON g.client_id = o."ClientID"
JOIN campaign_permalinks l ON l.cid = g.cid AND l.permalink_id = o.permalink_id
LEFT JOIN client_phones p ON p.client_phone_id = l.client_phone_id
WHERE o.permalink_id = %(wanted)s ORDER BY g.cid LIMIT %(most)s
"""
ORGANIZATIONS_BANNERS = """
SELECT b.bid, b.cid, g.client_id, b.status_moderate, b.status_bs_synced, l.permalink, l.is_sent_to_bs,
       l.prefer_vcard_over_permalink AS prefer_vcard, p.number AS phone
FROM banner_permalinks l JOIN banners b ON b.bid = l.bid JOIN campaigns g ON g.cid = b.cid
LEFT JOIN client_phones p ON p.client_phone_id = l.client_phone_id
WHERE l.permalink = %(wanted)s AND l.permalink_assign_type = 'manual'
ORDER BY b.bid LIMIT %(most)s
"""
ORGANIZATIONS_EVENT = """
SELECT event_ts, published, applied_at FROM status_seen WHERE permalink = %(wanted)s LIMIT %(most)s
"""
CLIENTS_ORGANIZATIONS = """
SELECT permalink_id AS permalink, status_publish, chain_id FROM organizations
WHERE "ClientID" = %(wanted)s ORDER BY permalink_id LIMIT %(most)s
"""
CLIENTS_CAMPAIGNS = """
SELECT g.cid, g.client_id, l.permalink_id AS permalink, p.number AS phone
FROM campaigns g JOIN campaign_permalinks l ON l.cid = g.cid
LEFT JOIN client_phones p ON p.client_phone_id = l.client_phone_id
WHERE g.client_id = %(wanted)s ORDER BY g.cid LIMIT %(most)s
"""
CLIENTS_BANNERS = """
SELECT b.bid, b.cid, g.client_id, b.status_moderate, b.status_bs_synced, l.permalink, l.is_sent_to_bs,
       l.prefer_vcard_over_permalink AS prefer_vcard, p.number AS phone
FROM campaigns g JOIN banners b ON b.cid = g.cid
JOIN banner_permalinks l ON l.bid = b.bid AND l.permalink_assign_type = 'manual'
LEFT JOIN client_phones p ON p.client_phone_id = l.client_phone_id
WHERE g.client_id = %(wanted)s ORDER BY b.bid LIMIT %(most)s
"""
CLIENTS_HISTORY = """
SELECT * FROM link_history WHERE client_id = %(wanted)s ORDER BY id DESC LIMIT %(most)s
"""
CLIENTS_CHANGES = """
SELECT * FROM campaign_changes WHERE client_id = %(wanted)s ORDER BY id DESC LIMIT %(most)s
"""
BANNERS_LINKS = """
SELECT b.bid, b.cid, g.client_id, b.status_moderate, b.status_bs_synced, l.permalink, l.is_sent_to_bs,
       l.permalink_assign_type AS assigned, l.chain_id, l.is_change_to_manual_rejected AS rejected,
       l.prefer_vcard_over_permalink AS prefer_vcard, p.number AS phone
FROM banner_permalinks l JOIN banners b ON b.bid = l.bid JOIN campaigns g ON g.cid = b.cid
LEFT JOIN client_phones p ON p.client_phone_id = l.client_phone_id
WHERE l.bid = %(wanted)s ORDER BY l.permalink_assign_type DESC, l.permalink, l.chain_id
LIMIT %(most)s
"""
BANNERS_QUEUES = """
SELECT 'moderation' AS queue, reason, version, enqueued_at FROM moderation_queue
WHERE bid = %(wanted)s
UNION ALL
SELECT 'bs', reason, version, enqueued_at FROM bs_queue WHERE bid = %(wanted)s
LIMIT %(most)s
"""
BANNERS_HISTORY = """
SELECT * FROM link_history WHERE bid = %(wanted)s ORDER BY id DESC LIMIT %(most)s
"""
OPEN_CHANGES = """
SELECT * FROM campaign_changes WHERE state IN ('waiting', 'running') ORDER BY id LIMIT %(most)s
"""
LAST_CHANGES = """
SELECT * FROM campaign_changes WHERE state IN ('done', 'failed') ORDER BY id DESC LIMIT %(most)s
"""


@dataclass(frozen=True, slots=True)
class OnShard(Generic[T]):
    """What was found there; `failure`: what PostgreSQL said instead."""

    shard: int
    found: T | None
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """Rows by question, each with its shard; `cut`: a shard had more than `MOST` of them.

    `failures`: by shard, what kept it from answering.
    """

    rows: dict[str, list[Row]]
    cut: frozenset[str]
    failures: dict[int, str]


def look(shard: int, work: Callable[[], T]) -> OnShard[T]:
    """`work` within the shard, in a transaction whose statements have little time."""
    try:
        with shards.use_shard(shard), shards.atomic():
            statements.execute(LIMIT_STATEMENTS, {}, using=shards.current_alias())
            return OnShard(shard, work())
    except Error as error:
        logger.warning("overview.shard_failed", extra={"shard": shard, "error": repr(error)})
        return OnShard(shard, None, type(error).__name__)


def ask(questions: dict[str, str], *, wanted: int, on: tuple[int, ...] | None = None) -> Found:
    """The rows of each question about `wanted`, of all shards or of those given."""
    rows: dict[str, list[Row]] = {name: [] for name in questions}
    cut, failures = set(), {}
    for shard in shards.all_shards() if on is None else on:
        answered = look(shard, lambda: _rows(questions, wanted))
        if answered.found is None:
            failures[shard] = answered.failure
            continue
        for name, found in answered.found.items():
            if len(found) > MOST:
                cut.add(name)
            rows[name] += [{"shard": shard, **row} for row in found[:MOST]]
    return Found(rows, frozenset(cut), failures)


def organization(permalink: int) -> Found:
    """clients, campaigns, banners (linked manually), event."""
    questions = {
        "clients": ORGANIZATIONS_CLIENTS,
        "campaigns": ORGANIZATIONS_CAMPAIGNS,
        "banners": ORGANIZATIONS_BANNERS,
        "event": ORGANIZATIONS_EVENT,
    }
    return ask(questions, wanted=permalink)


def client(client_id: int) -> Found:
    """organizations, campaigns, banners (linked manually), changes, history, the newest first.

    Raises UnknownClientError.
    """
    questions = {
        "organizations": CLIENTS_ORGANIZATIONS,
        "campaigns": CLIENTS_CAMPAIGNS,
        "banners": CLIENTS_BANNERS,
        "changes": CLIENTS_CHANGES,
        "history": CLIENTS_HISTORY,
    }
    return ask(questions, wanted=client_id, on=(shards.shard_of(client_id),))


def banner(bid: int) -> Found:
    """banners (a row for each link), queues, history."""
    questions = {"banners": BANNERS_LINKS, "queues": BANNERS_QUEUES, "history": BANNERS_HISTORY}
    return ask(questions, wanted=bid)


def changes() -> Found:
    """open ones, the oldest first, and the last that ended."""
    return ask({"open": OPEN_CHANGES, "ended": LAST_CHANGES}, wanted=0)


def _rows(questions: dict[str, str], wanted: int) -> dict[str, list[Row]]:
    return {name: _read(sql, wanted) for name, sql in questions.items()}


def _read(sql: str, wanted: int) -> list[Row]:
    with connections[shards.current_alias()].cursor() as cursor:
        cursor.execute(sql, {"wanted": wanted, "most": MOST + 1})
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
