"""The end of a run: sums, alerts, and the room of its snapshot."""

import logging

from companies import selectors
from operations import alerts, failpoints, runs
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
    failpoints.reach("run.finished")
    run = Run.objects.get(pk=run_id)
    tell(kind=run.kind)
    snapshots.discard(run=run)
    logger.info("run.finished", extra={"run": run.pk, "state": state})
    return True


def tell(*, kind: str) -> None:
    """Alerts follow the last run that came to an end, however it did."""
    ended = [Run.State.DONE, Run.State.FAILED]
    last = Run.objects.filter(kind=kind, state__in=ended).order_by("-pk").first()
    if last is None:
        return
    if last.state == Run.State.FAILED:
        text = f"Запуск {last.pk}: {last.reason}"
        alerts.raise_alert(kind=Alert.Kind.PUSH_FAILED, text=text)
        return
    alerts.recover(kind=Alert.Kind.PUSH_FAILED)
    if last.is_baseline:
        alerts.recover(kind=Alert.Kind.PUSH_OVERDUE)
