"""The inbox of publication events: written down once each, whatever comes again.

Shards read it by `id`. Numbers are given out before rows are seen, so two who insert at once could
show a shard the higher one first, and it would never come back for the lower: hence the lock.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from ads import shards
from clients.topics import Message
from operations import arrays, counters, statements
from organizations import applying
from organizations.events import MOST_BYTES, StatusChange, UnreadableError, parse
from organizations.models import StatusDeadLetter

LOCK = 0x696E626F  # "inbo"; any number that nobody else locks in the default database
KEPT_DAYS = 7  # what people look up, and what may be read again by a shard that was restored
DEAD_KEPT_DAYS = 30
MOST_AGED = 5_000  # rows a statement
MOST_STATEMENTS = 200  # a sweep; the next one comes in minutes
MOST_REPLAYED = 1_000  # dead letters a transaction

TAKE_TURNS = "SELECT pg_advisory_xact_lock(%(lock)s)"
STORE = """
WITH stored AS (
    INSERT INTO status_inbox
        (source, partition, "offset", permalink, published, event_ts, payload)
    SELECT * FROM unnest(%(sources)s::text[], %(partitions)s::integer[], %(offsets)s::bigint[],
        %(permalinks)s::bigint[], %(published)s::boolean[], %(times)s::timestamptz[],
        %(payloads)b::bytea[])
    ON CONFLICT DO NOTHING
    RETURNING id
)
SELECT count(*) FROM stored
"""
BURY = """
WITH buried AS (
    INSERT INTO status_dead_letters (source, partition, "offset", payload, reason)
    SELECT * FROM unnest(%(sources)s::text[], %(partitions)s::integer[], %(offsets)s::bigint[],
        %(payloads)b::bytea[], %(reasons)s::text[])
    ON CONFLICT DO NOTHING
    RETURNING id
)
SELECT count(*) FROM buried
"""
SHOW = """
INSERT INTO status_topics (name) VALUES (%(name)s)
ON CONFLICT (name) DO UPDATE SET polled_at = clock_timestamp()
"""
# Numbers are in the order of arrival: where the first ones are not old yet, none is.
AGE_OUT = """
DELETE FROM status_inbox WHERE id IN (
    SELECT id FROM (
        SELECT id, received_at FROM status_inbox WHERE id <= %(upto)s ORDER BY id LIMIT %(most)s
    ) AS oldest WHERE received_at < clock_timestamp() - %(days)s * interval '1 day')
"""
AGE_OUT_DEAD = """
DELETE FROM status_dead_letters WHERE id IN (
    SELECT id FROM (SELECT id, received_at FROM status_dead_letters ORDER BY id LIMIT %(most)s)
        AS oldest WHERE received_at < clock_timestamp() - %(days)s * interval '1 day')
"""


@dataclass(frozen=True, slots=True)
class Sorted:
    """Messages as far as they were understood."""

    events: Sequence[tuple[Message, StatusChange]]
    dead: Sequence[tuple[Message, str]]


def store(batch: Sorted, *, topic: str) -> None:
    """Write a batch down, in one transaction; what was written down before stays as it is."""
    with transaction.atomic():
        stored = _store(batch.events)
        buried = _bury(batch.dead)
        show(topic=topic)
        counters.add(
            {
                "status_events:new": stored,
                "status_events:repeated": len(batch.events) - stored,
                "status_dead_letters": buried,
            }
        )


def show(*, topic: str) -> None:
    """Somebody reads this topic."""
    statements.execute(SHOW, {"name": topic})


def replay_dead_letters() -> int:
    """Read dead letters again, after the format has been learnt; how many are events now."""
    replayed, after = 0, 0
    while True:
        with transaction.atomic():
            letters = list(
                StatusDeadLetter.objects.filter(id__gt=after).order_by("id")[:MOST_REPLAYED]
            )
            events = [found for letter in letters if (found := _again(letter)) is not None]
            _store([event for _, event in events])
            StatusDeadLetter.objects.filter(id__in=[number for number, _ in events]).delete()
        replayed += len(events)
        if len(letters) < MOST_REPLAYED:
            return replayed
        after = letters[-1].pk


def age_out() -> int:
    """Drop old events that every shard has applied; how many. Nothing while a shard is away.

    Deleted, not dropped by partitions of days: a partitioned table has no key without the day in
    it, and a message that comes again the next day would be a new one.
    """
    _delete(AGE_OUT_DEAD, {"days": DEAD_KEPT_DAYS})
    try:
        applied = shards.for_each_shard(lambda _: applying.position())
    except ExceptionGroup:  # logged there
        return 0
    return _delete(AGE_OUT, {"days": KEPT_DAYS, "upto": min(applied.values())})


def _store(events: Sequence[tuple[Message, StatusChange]]) -> int:
    if not events:
        return 0
    statements.fetch(TAKE_TURNS, {"lock": LOCK})
    given = _places([message for message, _ in events]) | {
        "permalinks": [change.permalink for _, change in events],
        "published": [change.published for _, change in events],
        "times": [change.at for _, change in events],
    }
    return int(statements.fetch_bound(STORE, given)[0][0])


def _bury(dead: Sequence[tuple[Message, str]]) -> int:
    if not dead:
        return 0
    given = _places([message for message, _ in dead]) | {"reasons": [reason for _, reason in dead]}
    return int(statements.fetch_bound(BURY, given)[0][0])


def _places(messages: Sequence[Message]) -> dict[str, object]:
    return {
        "sources": [message.source for message in messages],
        "partitions": [message.partition for message in messages],
        "offsets": [message.offset for message in messages],
        "payloads": arrays.Blobs(message.data[:MOST_BYTES] for message in messages),
    }


def _again(letter: StatusDeadLetter) -> tuple[int, tuple[Message, StatusChange]] | None:
    place = (letter.source, letter.partition, letter.event_offset)
    message = Message(*place, "", bytes(letter.payload), letter.received_at)
    try:
        return letter.pk, (message, parse(message.data, now=letter.received_at))
    except UnreadableError:
        return None


def _delete(statement: str, given: dict[str, object]) -> int:
    deleted = 0
    for _ in range(MOST_STATEMENTS):
        gone = statements.execute(statement, given | {"most": MOST_AGED})
        deleted += gone
        if gone < MOST_AGED:
            break
    return deleted
