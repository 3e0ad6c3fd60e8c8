"""The end of a run: sums, alerts, and the room of its snapshot."""

import logging

from companies import selectors
from operations import alerts, runs
from operations.models import Alert, Run
from sync import snapshots

logger = logging.getLogger(__name__)


def finish(*, run_id: int) -> bool:
    """Close the run if nothing is left to do. Idempotent; False: it goes on, or ended before."""
    if runs.has_unfinished(run_id=run_id):
        return False
    state = runs.finish(run_id=run_id, created=selectors.created_by(run_id=run_id))
    if state is None:
        return False
    run = Run.objects.get(pk=run_id)
    snapshots.discard(run=run)
    if state == Run.State.DONE:
        alerts.recover(kind=Alert.Kind.PUSH_FAILED)
        alerts.recover(kind=Alert.Kind.PUSH_OVERDUE)
    else:
        alerts.raise_alert(kind=Alert.Kind.PUSH_FAILED, text=f"Запуск {run.pk}: {run.reason}")
    logger.info("run.finished", extra={"run": run.pk, "state": state})
    return True
