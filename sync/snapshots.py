"""Taking the snapshot of a run: the query is started, its handle stored, and looked at again and again."""

import logging

from django.utils import timezone

from operations import runs
from operations.models import Run
from sync import sources
from warehouse.interface import SnapshotError, SnapshotState, WarehouseError

logger = logging.getLogger(__name__)


def take(*, run: Run) -> bool:
    """One step. True: the snapshot is there (or the run has ended); False: look again.

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
    snapshot = store.look(run.snapshot)
    Run.objects.filter(pk=run.pk).update(heartbeat_at=timezone.now())
    if snapshot.state is SnapshotState.RUNNING:
        return False
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


def discard(*, run: Run) -> None:
    """Free the room of a snapshot that no portion needs any more."""
    if run.snapshot:
        sources.warehouse().discard(run.snapshot)
