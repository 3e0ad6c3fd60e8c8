"""Reads of the control plane that have a name."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Sum

from operations import statements
from operations.models import COUNTS, Portion, Run


@dataclass(frozen=True, slots=True)
class Work:
    """What a run has to do. `due`: portions that could be claimed now; `pumps`: holders at work."""

    due: int
    pumps: int
    unfinished: int


WORK = """
SELECT count(*) FILTER (WHERE state = 'open' AND coalesce(not_before <= clock_timestamp(), true)
                           OR state = 'claimed' AND lease_until < clock_timestamp()),
       count(DISTINCT holder) FILTER (WHERE state = 'claimed' AND lease_until > clock_timestamp()),
       count(*)
FROM operations_portion WHERE run_id = %(run)s AND state IN ('open', 'claimed')
"""


def work(*, run_id: int) -> Work:
    """For the watchdog: one look at the partial index of unfinished portions."""
    due, pumps, unfinished = statements.fetch(WORK, {"run": run_id})[0]
    return Work(due=due, pumps=pumps, unfinished=unfinished)


def progress(*, run: Run) -> dict[str, int]:
    """The run's counts so far, and of its portions `portions` in all and `closed`."""
    if run.state not in Run.ACTIVE:
        counts = {name: getattr(run, name) for name in COUNTS}
    else:
        sums = Sum("queried", default=0)
        counts = Portion.objects.filter(run=run).aggregate(
            **{name: Sum(name, default=0) for name in COUNTS if name != "queried"}, queried=sums
        )
    portions = Portion.objects.filter(run=run)
    closed = portions.filter(state__in=[Portion.State.DONE, Portion.State.PARKED])
    return counts | {"portions": portions.count(), "closed": closed.count()}


def last_done(*, kind: str) -> datetime | None:
    """When the last whole run of a kind was carried out."""
    return (
        Run.objects.filter(kind=kind, state=Run.State.DONE, limited_to=None, only=[])
        .order_by("-pk")
        .values_list("finished_at", flat=True)
        .first()
    )
