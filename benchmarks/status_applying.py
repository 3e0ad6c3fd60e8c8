"""A million events through the inbox to two shards: run by benchmarks.status_events in its world."""

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from random import Random

import orjson
from django.db import connections

from ads import shards
from ads.models import BsEntry, ModerationEntry
from clients.topics import Message
from operations import statements
from organizations import applying, inbox
from organizations.models import Organization, StatusCursor, StatusEvent
from organizations.receiving import BATCH, PORTION, Streak, sort

EVENTS_EACH = 2.5  # of an organization
USED = 4  # one organization in so many is used on each shard
CLIENTS = 1_000  # of a shard
BEGINNING = datetime(2026, 11, 1, tzinfo=UTC)
TOPIC = "topic"

# A client uses each organization once, and has a banner for it with the same number.
USES = """
INSERT INTO organizations ("ClientID", permalink_id, status_publish)
SELECT p %% %(clients)s + 1, p, 'published' FROM generate_series(1, %(most)s, %(step)s) p
"""
CAMPAIGNS = """
INSERT INTO campaigns (cid, client_id, type) SELECT c, c, 'text' FROM generate_series(1, %(clients)s) c
"""
BANNERS = """
INSERT INTO banners (bid, cid, bs_banner_id, banner_type, domain, status_show, status_active,
    status_arch, status_moderate, status_bs_synced, catalogia_categories)
SELECT p, p %% %(clients)s + 1, p, 'text', '', 'Yes', 'Yes', 'No', 'Yes', 'Yes', ''
FROM generate_series(1, %(most)s, %(step)s) p
"""
LINKS = """
INSERT INTO banner_permalinks (bid, permalink, permalink_assign_type)
SELECT p, p, 'manual' FROM generate_series(1, %(most)s, %(step)s) p
"""


@dataclass(frozen=True, slots=True)
class Phase:
    """`longest`: seconds of the longest transaction. `rows`, `banners`: changed, sent again."""

    name: str
    seconds: float
    longest: float
    rows: int = 0
    banners: int = 0


def main() -> None:
    events, seed = int(os.environ["BENCH_EVENTS"]), int(os.environ["BENCH_SEED"])
    organizations = int(events / EVENTS_EACH)
    shards.for_each_shard(lambda _: _populate(organizations))
    messages = _messages(events, organizations, Random(seed))  # noqa: S311 - no secret
    phases = [_store("stored in the inbox", messages)]
    phases.append(_apply("applied on both shards"))
    wrong = sum(shards.for_each_shard(lambda _: _wrong(messages)).values())
    shards.for_each_shard(lambda _: _accept())
    phases.append(_store("delivered again, all of them", messages))
    phases.append(_apply("looked at after that"))
    shards.for_each_shard(lambda _: StatusCursor.objects.all().delete())
    phases.append(_apply("applied again, all of them"))
    world = {
        "organizations": organizations,
        "uses": sum(shards.for_each_shard(lambda _: Organization.objects.count()).values()),
        "in the inbox": StatusEvent.objects.count(),
        "queued after the repetition": sum(
            shards.for_each_shard(
                lambda _: ModerationEntry.objects.count() + BsEntry.objects.count()
            ).values()
        ),
    }
    found = {"world": world, "phases": [asdict(phase) for phase in phases], "wrong": wrong}
    print(json.dumps(found))


def _populate(organizations: int) -> None:
    given = {"clients": CLIENTS, "most": organizations, "step": USED}
    alias = shards.current_alias()
    for statement in (USES, CAMPAIGNS, BANNERS, LINKS):
        statements.execute(statement, given, using=alias)
    for table in ("organizations", "campaigns", "banners", "banner_permalinks"):
        statements.execute(f"ANALYZE {table}", {}, using=alias)


def _messages(events: int, organizations: int, dice: Random) -> list[Message]:
    """Moments are drawn at random: half of the events come after a newer one."""
    made = []
    for offset in range(events):
        at = BEGINNING + timedelta(seconds=dice.randrange(events))
        said = {
            "permalink": dice.randint(1, organizations),
            "published": dice.random() < 0.5,
            "ts": at.isoformat(),
        }
        made.append(Message(TOPIC, 0, offset, "", orjson.dumps(said), at))
    return made


def _store(name: str, messages: Sequence[Message]) -> Phase:
    def batches() -> Iterator[Callable[[], object]]:
        for start in range(0, len(messages), BATCH):
            batch, _ = sort(messages[start : start + BATCH], Streak())
            yield lambda: inbox.store(batch, topic=TOPIC)  # noqa: B023 - called before the next

    before = StatusEvent.objects.count()
    began, longest = time.perf_counter(), 0.0
    for store in batches():
        since = time.perf_counter()
        store()
        longest = max(longest, time.perf_counter() - since)
    seconds = time.perf_counter() - began
    return Phase(name, seconds, longest, rows=StatusEvent.objects.count() - before)


def _apply(name: str) -> Phase:
    """As the job does it: a thread a shard."""
    began = time.perf_counter()
    with ThreadPoolExecutor(len(shards.all_shards())) as pool:
        done = list(pool.map(_apply_on, shards.all_shards()))
    seconds = time.perf_counter() - began
    longest = max(each.longest for each in done)
    rows, banners = sum(each.rows for each in done), sum(each.banners for each in done)
    return Phase(name, seconds, longest, rows, banners)


def _apply_on(shard: int) -> Phase:
    rows, banners, longest = 0, 0, 0.0
    began = time.perf_counter()
    with shards.use_shard(shard):
        while True:
            since = time.perf_counter()
            applied = applying.apply_next(most=PORTION)
            longest = max(longest, time.perf_counter() - since)
            rows, banners = rows + applied.organizations, banners + applied.banners
            if not applied.events:
                break
    connections.close_all()
    return Phase(f"shard {shard}", time.perf_counter() - began, longest, rows, banners)


def _wrong(messages: Sequence[Message]) -> int:
    newest: dict[int, tuple[datetime, int, bool]] = {}
    for message in messages:
        said = orjson.loads(message.data)
        event = (message.written_at, message.offset, said["published"])
        newest[said["permalink"]] = max(event, newest.get(said["permalink"], event))
    words = {True: "published", False: "unpublished"}
    rows = Organization.objects.values_list("permalink", "status_publish").iterator()
    return sum(
        status != (words[newest[permalink][2]] if permalink in newest else "published")
        for permalink, status in rows
    )


def _accept() -> None:
    ModerationEntry.objects.all().delete()
    BsEntry.objects.all().delete()
