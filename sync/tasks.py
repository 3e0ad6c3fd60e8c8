"""The canvas of a push. Each task loads by id and calls one service; the truth lies in rows."""

from celery import Task, chain, chord, shared_task
from django.conf import settings

from clients.errors import ServiceError
from clients.pacing import PacingError
from crm.catalogue import CatalogueBusyError
from operations import doorbell, runs
from operations.models import Run
from sync import finishing, planning, pumping, snapshots, starting, watching

LOOK_AGAIN_SECONDS = 0.5  # between two looks at a running warehouse query
MOST_LOOKS = 7_200  # an hour of them; a query that runs longer has failed
PLAN_RETRY_SECONDS = 20  # amoCRM was away while fields were prepared
MOST_PLANS = 30


@shared_task(name="sync.start_scheduled")
def start_scheduled() -> None:
    """Beat's entry."""
    starting.start_scheduled()


@shared_task(name="sync.carry_out")
def carry_out(run_id: int) -> None:
    """Set a run going, from wherever it stands: snapshot, plan, pumps, finish."""
    steps = chain(
        take_snapshot.si(run_id),
        plan.si(run_id),
        chord([pump.si(run_id) for _ in range(settings.SYNC_PUMPS)], finish.si(run_id)),
    )
    steps.apply_async(retry=False)


@shared_task(name="sync.take_snapshot", bind=True, ignore_result=False, max_retries=MOST_LOOKS)
def take_snapshot(self: "Task[[int], None]", run_id: int) -> None:
    """One look; the broker, not a worker, waits for the next one."""
    if not snapshots.take(run=Run.objects.get(pk=run_id)):
        raise self.retry(countdown=LOOK_AGAIN_SECONDS)


@shared_task(name="sync.plan", bind=True, ignore_result=False, max_retries=MOST_PLANS)
def plan(self: "Task[[int], None]", run_id: int) -> None:
    """Guard, fields, portions."""
    runs.beat(run_id=run_id)
    try:
        planning.plan(run=Run.objects.get(pk=run_id))
    except (ServiceError, PacingError, CatalogueBusyError) as error:
        raise self.retry(exc=error, countdown=PLAN_RETRY_SECONDS * settings.CLOCK_SCALE) from error
    except planning.NOT_POSSIBLE as error:
        runs.fail(run_id=run_id, reason=str(error))


@shared_task(name="sync.pump", ignore_result=False)
def pump(run_id: int) -> None:
    """A slice of work; then a successor, or the end of the run."""
    if pumping.pump(run_id=run_id):
        doorbell.ring("sync.pump", [run_id])
    else:
        finishing.finish(run_id=run_id)


@shared_task(name="sync.finish")
def finish(run_id: int) -> None:
    """The chord's callback; the last pump and the watchdog call the same service."""
    finishing.finish(run_id=run_id)


@shared_task(name="sync.watch")
def watch() -> None:
    """Beat's tick."""
    watching.watch()
