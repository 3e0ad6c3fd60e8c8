"""The watchdog: everything a lost message, a flushed broker or a dead worker would leave lying.

It looks at rows only, and rings only where nobody can have heard the last ring.
"""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from operations import alerts, counters, doorbell, runs, selectors, statements
from operations.models import Alert, Run
from sync import finishing, snapshots
from sync.starting import CARRY_OUT, KIND

logger = logging.getLogger(__name__)

PUMP = "sync.pump"
BULK_QUEUE = "bulk"
ADOPTED = "runs_adopted"  # counters: runs that nobody carried on, bells that were rung once more
RUNG = "rung_again:{}"
QUIET = settings.CLOCK_SCALE * timedelta(seconds=10)  # a run that moved so recently needs no help
# A step of the snapshot takes that long at the most.
PREPARING_QUIET = settings.CLOCK_SCALE * timedelta(seconds=60)
LIFETIME = timedelta(hours=6)  # a run older than that ends; the next one takes over
ENDED = (Run.State.DONE, Run.State.FAILED, Run.State.STOPPED, Run.State.DISCARDED)
OVERDUE = timedelta(hours=3)  # without a whole run; the push is hourly


def watch() -> None:
    """One tick."""
    for run in Run.objects.filter(kind=KIND, state__in=Run.ACTIVE):
        _watch(run, statements.now())
    for run in Run.objects.filter(kind=KIND, state__in=ENDED).exclude(snapshot=""):
        snapshots.discard(run=run)
    finishing.tell(kind=KIND)
    _watch_age(statements.now())


def _watch(run: Run, now: datetime) -> None:
    if run.created_at < now - LIFETIME:
        runs.fail(run_id=run.pk, reason=f"Не закончился за {LIFETIME}")
    elif run.state == Run.State.PREPARING:
        if run.heartbeat_at < now - PREPARING_QUIET:
            logger.warning("watch.run_adopted", extra={"run": run.pk})
            counters.add({ADOPTED: 1, RUNG.format(CARRY_OUT): 1})
            runs.beat(run_id=run.pk)
            doorbell.ring(CARRY_OUT, [run.pk])
    elif run.heartbeat_at < now - QUIET:
        _ring_pumps(run)


def _ring_pumps(run: Run) -> None:
    work = selectors.work(run_id=run.pk)
    if not work.unfinished:
        finishing.finish(run_id=run.pk)
        return
    missing = min(work.due, settings.SYNC_PUMPS - work.pumps)
    if missing > 0 and not doorbell.unheard(queue=BULK_QUEUE):
        logger.info("watch.pumps_rung", extra={"run": run.pk, "pumps": missing})
        counters.add({ADOPTED: int(work.pumps == 0), RUNG.format(PUMP): missing})
        for _ in range(missing):
            doorbell.ring(PUMP, [run.pk])


def _watch_age(now: datetime) -> None:
    """An empty but green schedule is caught by age, not by exit codes."""
    last = selectors.last_done(kind=KIND)
    if last is not None and last < now - OVERDUE:
        text = f"Последняя полная выгрузка закончилась {timezone.localtime(last):%d.%m.%Y %H:%M}"
        alerts.raise_alert(kind=Alert.Kind.PUSH_OVERDUE, text=text)
