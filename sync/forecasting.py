"""What a run would do, without doing it: counts, requests to amoCRM, minutes. Nothing is written."""

import math
import uuid
from collections import Counter
from dataclasses import dataclass

from django.conf import settings

from companies import exports, fielding
from companies.classifying import Standing, classify
from companies.fingerprints import plan_key
from operations.models import Run
from sync import profiles, sources
from sync.planning import bounds
from warehouse.interface import Snapshot, SnapshotState, Warehouse

MOST_LOOKS = 100_000  # steps of one snapshot; each is bounded work


@dataclass(frozen=True, slots=True)
class Forecast:
    """Sellers by what would happen to them; `requests` to amoCRM and the `minutes` they take."""

    queried: int
    new: int
    changed: int
    unchanged: int
    rejected: int
    requests: int
    minutes: float


def forecast(*, limited_to: int | None, only: tuple[str, ...], full: bool) -> Forecast:
    """Take a snapshot of its own, classify all of it, throw the snapshot away."""
    store = sources.warehouse()
    handle = store.start(run=f"forecast-{uuid.uuid4().hex[:12]}")
    try:
        snapshot = _wait(store, handle)
        run = Run(snapshot=handle, rows=snapshot.rows, limited_to=limited_to, only=list(only))
        return _sum_up(_standings(run, store, snapshot, full=full))
    finally:
        store.discard(handle)


def _wait(store: Warehouse, handle: str) -> Snapshot:
    for _ in range(MOST_LOOKS):
        snapshot = store.look(handle)
        if snapshot.state is SnapshotState.READY:
            return snapshot
    raise TimeoutError(f"снепшот {handle} не готов")


def _standings(run: Run, store: Warehouse, snapshot: Snapshot, *, full: bool) -> Counter[Standing]:
    plan = fielding.current_plan()
    key = plan_key(plan)
    standings: Counter[Standing] = Counter()
    with sources.feeds() as feeds:
        for start, stop in bounds(run=run, store=store):
            records = store.read(run.snapshot, start=start, stop=stop)
            found = profiles.enrich(records=records, feeds=feeds, key=key)
            known = classify(
                sellers=[source.seller_id for source in found],
                sources=[source.digest for source in found],
                as_of=snapshot.as_of,
            )
            standings[Standing.UNCHANGED] += len(found) - len(known)
            for position, each in known.items():
                export = exports.prepare(found[position].profile(snapshot.as_of), plan)
                standing = each.standing(export.fingerprint)
                standings[Standing.REJECTED_BEFORE if export.defect else standing] += 1
    if full:
        standings[Standing.CHANGED] += standings.pop(Standing.UNCHANGED, 0)
    return standings


def _sum_up(standings: Counter[Standing]) -> Forecast:
    new, changed = standings[Standing.NEW], standings[Standing.CHANGED]
    size = settings.AMOCRM_WRITE_SIZE
    requests = math.ceil(new / size) + math.ceil(changed / size)
    return Forecast(
        queried=standings.total(),
        new=new,
        changed=changed,
        unchanged=standings[Standing.UNCHANGED],
        rejected=standings[Standing.REJECTED_BEFORE],
        requests=requests,
        minutes=round(requests / settings.AMOCRM_RATE / 60, 1),
    )
