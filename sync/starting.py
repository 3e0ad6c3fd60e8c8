"""Starting a run: by the schedule, a command or the admin."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from operations import doorbell, runs, switches
from operations.models import Run, Switch
from operations.runs import Order

KIND = "companies"
CARRY_OUT = "sync.carry_out"


@transaction.atomic
def start(*, order: Order) -> Run:
    """A new run, or one in state `skipped` whose reason says why it did not start."""
    pause = switches.reason(Switch.Key.PUSH_PAUSED)
    if pause is not None:
        return runs.skip(order=order, reason=f"Выгрузка приостановлена: {pause}")
    run = runs.start(order=order)
    if run.state == Run.State.PREPARING:
        doorbell.ring(CARRY_OUT, [run.pk])
    return run


def start_scheduled() -> Run:
    """What beat calls. Fired twice for one minute, it starts one run."""
    slot: datetime = timezone.now().replace(second=0, microsecond=0)
    return start(order=Order(kind=KIND, trigger=Run.Trigger.SCHEDULE, slot=slot))


def resume(*, run: Run, up_to: int | None, who: str) -> bool:
    """Approve a held run and set it going. False: it is not held, or another one is active."""
    with transaction.atomic():
        going = runs.approve(run=run, up_to=up_to, who=who)
        if going:
            doorbell.ring(CARRY_OUT, [run.pk])
    return going
