"""Writing events down. What is asked for a company again while it waits becomes one with what waits."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

import orjson
from django.conf import settings

from operations import statements
from webhooks.events import Event
from webhooks.models import Door

TOKEN = re.compile(r"[0-9a-f]{32}")  # a create attempt's
LONGEST_WORD = 20  # characters of an entity or an action

# Two readers take the rows of companies in one order: without it they deadlock.
# A company that has just been refreshed waits a little: a storm of hooks ends in two writes.
ADD = """
WITH given AS (
    SELECT * FROM jsonb_to_recordset(%(wishes)s::jsonb) AS g(
        ord integer, delivery uuid, door text, entity text, action text, entity_id bigint,
        last_modified bigint, by_button boolean, item jsonb, age double precision, times integer)
)
INSERT INTO webhooks_event AS e (
    delivery_id, door, entity, action, entity_id, last_modified, by_button, item, times, state,
    reason, error, attempts, received_at, not_before, subject)
SELECT delivery, door, entity, action, entity_id, last_modified, by_button, item, times, 'waiting',
       '', '', 0, clock_timestamp() - age * interval '1 second',
       greatest(clock_timestamp(), CASE WHEN door = 'company-refresh' THEN (
           SELECT max(p.handled_at) + %(gap)s * interval '1 second' FROM webhooks_event p
           WHERE p.door = given.door AND p.entity_id = given.entity_id) END), ''
FROM given
ORDER BY door <> 'lead-status', CASE WHEN door <> 'lead-status' THEN door END,
         CASE WHEN door <> 'lead-status' THEN entity_id END, ord
ON CONFLICT (door, entity_id) WHERE state = 'waiting' AND door IN ('company-refresh', 'company-feed')
DO UPDATE SET
    times = e.times + excluded.times, by_button = e.by_button OR excluded.by_button,
    delivery_id = excluded.delivery_id, action = excluded.action, item = excluded.item,
    last_modified = greatest(e.last_modified, excluded.last_modified)
"""
HANDLED = """
SELECT DISTINCT e.entity_id, g.url
FROM unnest(%(ids)s::bigint[], %(urls)s::text[]) AS g(id, url)
JOIN webhooks_event e ON e.door = 'company-feed' AND e.entity_id = g.id
WHERE e.state IN ('done', 'refused') AND e.subject = g.url
"""


@dataclass(frozen=True, slots=True)
class Wish:
    """An event that somebody wants to be handled, and the request that told of it."""

    delivery: UUID | None
    door: Door
    event: Event
    age: float


def add(wishes: Sequence[Wish]) -> None:
    """Write them down, in order."""
    merged: dict[tuple[object, ...], dict[str, object]] = {}
    for ordinal, wish in enumerate(wishes):
        row = _row(ordinal, wish)
        key = (ordinal,) if wish.door is Door.LEAD_STATUS else (wish.door, wish.event.entity_id)
        merged[key] = _together(merged.get(key), row)
    if merged:
        rows = orjson.dumps(list(merged.values())).decode()
        gap = settings.WEBHOOK_REFRESH_GAP
        statements.execute(ADD, {"wishes": rows, "gap": gap})


def handled_wishes(wishes: Iterable[tuple[int, str]]) -> frozenset[tuple[int, str]]:
    """Which of these (company, feed URL) were loaded or refused before."""
    asked = sorted(set(wishes))
    if not asked:
        return frozenset()
    ids, urls = [company for company, _ in asked], [url for _, url in asked]
    return frozenset(
        (company, url) for company, url in statements.fetch(HANDLED, {"ids": ids, "urls": urls})
    )


def is_token(text: str) -> bool:
    """Whether a card's text can be a create attempt's token."""
    return TOKEN.fullmatch(text) is not None


def _row(ordinal: int, wish: Wish) -> dict[str, object]:
    event = wish.event
    return {
        "ord": ordinal,
        "delivery": None if wish.delivery is None else str(wish.delivery),
        "door": wish.door.value,
        "entity": event.entity[:LONGEST_WORD],
        "action": event.action[:LONGEST_WORD],
        "entity_id": event.entity_id,
        "last_modified": event.last_modified,
        "by_button": event.last_modified is None,
        "item": event.item,
        "age": wish.age,
        "times": 1,
    }


def _together(waiting: dict[str, object] | None, row: dict[str, object]) -> dict[str, object]:
    if waiting is None:
        return row
    times = [waiting["last_modified"], row["last_modified"]]
    known = [moment for moment in times if isinstance(moment, int)]
    return row | {
        "times": int(str(waiting["times"])) + 1,
        "by_button": bool(waiting["by_button"] or row["by_button"]),
        "last_modified": max(known, default=None),
    }
