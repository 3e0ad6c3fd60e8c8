"""From a finished snapshot to portions: the guard looks at the counts, amoCRM gets the fields it lacks."""

from collections.abc import Iterator
from contextlib import closing

from django.conf import settings

from companies import fielding
from companies.fielding import Vocabulary
from crm import connection, flood_block
from crm.catalogue import CatalogueError
from crm.configuration import CrmNotConfiguredError
from operations import failpoints, guard, runs
from operations.models import Approval, Run
from sync import sources
from warehouse.interface import SnapshotError, Warehouse, WarehouseError

# What only a person can mend: the run fails with these words.
NOT_POSSIBLE = (
    CatalogueError,
    CrmNotConfiguredError,
    SnapshotError,
    WarehouseError,
    sources.SourceNotConfiguredError,
)


def plan(*, run: Run) -> None:
    """Judge the run's snapshot and cut it into portions, or hold it. Safe to repeat.

    Raises ServiceError, PacingError, crm.catalogue.CatalogueError where amoCRM cannot be prepared.
    """
    if run.state != Run.State.PREPARING or run.rows is None:
        return
    verdict = _judge(run)
    if verdict.held:
        runs.hold(run=run, reason=verdict.reason)
        return
    store = sources.warehouse()
    facts = store.facts(run.snapshot)
    words = Vocabulary(frozenset(facts.statuses), frozenset(facts.categories))
    flood_block.keep_pace_open()  # a flushed Redis has forgotten that we may send
    with closing(connection.ready_client()) as client:
        fielding.prepare(client=client, words=words)
    failpoints.reach("plan.prepared")
    runs.plan(run=run, bounds=list(bounds(run=run, store=store)))


def _judge(run: Run) -> guard.Verdict:
    approval = Approval.objects.filter(run=run).first()
    return guard.judge(
        rows=run.rows or 0,
        previous=runs.previous_rows(run=run) if run.is_baseline else None,
        ceiling=approval.up_to if approval else None,
        approved=approval is not None or not run.is_baseline,
    )


def bounds(*, run: Run, store: Warehouse) -> Iterator[tuple[int, int]]:
    """Stretches [start, stop) of the snapshot; single rows where the run is for certain sellers."""
    rows = run.rows or 0
    if run.only:
        for seller_id in sorted(set(run.only)):
            place = _find(store, run.snapshot, rows, seller_id)
            if place is not None:
                yield place, place + 1
        return
    last = rows if run.limited_to is None else min(rows, run.limited_to)
    for start in range(0, last, settings.SYNC_BATCH_SIZE):
        yield start, min(start + settings.SYNC_BATCH_SIZE, last)


def _find(store: Warehouse, handle: str, rows: int, seller_id: str) -> int | None:
    """Where a seller stands in the snapshot, which is sorted: about twenty reads in a million rows."""
    low, high = 0, rows
    while low < high:
        middle = (low + high) // 2
        found = store.read(handle, start=middle, stop=middle + 1)[0].seller_id
        if found == seller_id:
            return middle
        low, high = (middle + 1, high) if found.encode() < seller_id.encode() else (low, middle)
    return None
