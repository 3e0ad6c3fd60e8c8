"""Taking the snapshot of a run: the query is started, its handle stored, and looked at again and again."""

import logging
import time

from operations import failpoints, runs
from operations.models import Run
from sync import sources
from warehouse.interface import (
    Snapshot,
    SnapshotError,
    SnapshotState,
    Warehouse,
    WarehouseError,
)

logger = logging.getLogger(__name__)


STEP_SECONDS = 20.0  # of steps that bring the snapshot on, in one task


def take(*, run: Run) -> bool:
    """Some steps. True: the snapshot is there (or the run has ended); False: look again later.

    A snapshot that cannot be had fails the run, with the warehouse's words for the operator.
    """
    if run.state != Run.State.PREPARING or run.rows is not None:
        return True
    try:
        return _step(run)
    except (SnapshotError, sources.SourceNotConfiguredError) as error:
        runs.fail(run_id=run.pk, reason=str(error))
        return True
    except WarehouseError as error:
        logger.warning("snapshot.not_now", extra={"run": run.pk, "error": str(error)})
        return False


def _step(run: Run) -> bool:
    store = sources.warehouse()
    if not run.snapshot:
        run.snapshot = store.start(run=str(run.pk))
        run.query_version = store.version
        run.save(update_fields=["snapshot", "query_version"])
    snapshot = _look(store, run)
    if snapshot.state is SnapshotState.RUNNING:
        return False
    failpoints.reach("snapshot.ready")
    facts = store.facts(run.snapshot)
    run.rows, run.as_of = snapshot.rows, snapshot.as_of
    run.notes = {
        "duplicate_sellers": facts.duplicate_sellers,
        "sellers_without_id": facts.sellers_without_id,
        "sellers_without_offers": facts.sellers_without_offers,
        "orphan_offers": facts.orphan_offers,
        "offers_without_seller_id": facts.offers_without_seller_id,
    }
    run.save(update_fields=["rows", "as_of", "notes"])
    return True


def _look(store: Warehouse, run: Run) -> Snapshot:
    """Look while looking brings the snapshot on; a warehouse that works by itself is left to it."""
    until, progress = time.monotonic() + STEP_SECONDS, -1.0
    while True:
        snapshot = store.look(run.snapshot)
        runs.beat(run_id=run.pk)
        stands_still = snapshot.progress <= progress or time.monotonic() > until
        if snapshot.state is SnapshotState.READY or stands_still:
            return snapshot
        progress = snapshot.progress


def discard(*, run: Run) -> None:
    """Free the room of a snapshot that no portion needs any more. Its handle goes with it."""
    if not run.snapshot:
        return
    try:
        sources.warehouse().discard(run.snapshot)
    except (WarehouseError, sources.SourceNotConfiguredError) as error:
        logger.warning("snapshot.kept", extra={"run": run.pk, "error": str(error)})
        return
    Run.objects.filter(pk=run.pk).update(snapshot="")
