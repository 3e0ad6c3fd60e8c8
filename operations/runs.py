"""Starting, ending and steering runs. One run of a kind at a time; a start meanwhile is written down as skipped."""

import logging
from dataclasses import dataclass, field
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.db.models.functions import Now
from django.utils import timezone

from operations import audit
from operations.models import COUNTS, Approval, Portion, Run

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Order:
    """What a run is asked to do. `limited_to`: that many sellers at most; `only`: these ids."""

    kind: str
    trigger: Run.Trigger
    slot: datetime | None = None
    full: bool = False
    limited_to: int | None = None
    only: tuple[str, ...] = field(default_factory=tuple)


def start(*, order: Order) -> Run:
    """A new run in `preparing`; or one in `skipped`, whose reason says what stands in its way."""
    values = {
        "kind": order.kind,
        "trigger": order.trigger,
        "slot": order.slot,
        "full": order.full,
        "limited_to": order.limited_to,
        "only": list(order.only),
    }
    try:
        with transaction.atomic():
            return Run.objects.create(**values)
    except IntegrityError:
        active = Run.objects.filter(kind=order.kind, state__in=Run.ACTIVE).first()
        reason = f"Идёт запуск {active.pk}" if active else "Эта минута расписания уже выполнялась"
        return skip(order=order, reason=reason)


def skip(*, order: Order, reason: str) -> Run:
    """Write down a start that did not happen, with its reason."""
    logger.info("run.skipped", extra={"kind": order.kind, "reason": reason})
    return Run.objects.create(
        kind=order.kind,
        trigger=order.trigger,
        slot=order.slot,
        state=Run.State.SKIPPED,
        reason=reason,
        finished_at=timezone.now(),
    )


def previous_rows(*, run: Run) -> int | None:
    """Rows of the last whole run before this one that was carried out: what the guard compares with."""
    return (
        Run.objects.filter(kind=run.kind, state=Run.State.DONE, limited_to=None, only=[])
        .exclude(pk=run.pk)
        .order_by("-pk")
        .values_list("rows", flat=True)
        .first()
    )


@transaction.atomic
def plan(*, run: Run, bounds: list[tuple[int, int]]) -> bool:
    """Cut the run into portions and let it write. False: it was planned, held or ended meanwhile."""
    moved = Run.objects.filter(pk=run.pk, state=Run.State.PREPARING).update(
        state=Run.State.WRITING, planned_at=timezone.now(), heartbeat_at=Now()
    )
    if not moved:
        return False
    Portion.objects.bulk_create(
        [
            Portion(run=run, ordinal=ordinal, start=start, stop=stop)
            for ordinal, (start, stop) in enumerate(bounds)
        ]
    )
    held = Run.objects.filter(kind=run.kind, state=Run.State.HELD, pk__lt=run.pk)
    held.update(state=Run.State.DISCARDED, reason=f"Заменён запуском {run.pk}")
    return True


def hold(*, run: Run, reason: str) -> None:
    """The guard's word: people look first."""
    _leave(run_id=run.pk, states=[Run.State.PREPARING], to=Run.State.HELD, reason=reason)


def beat(*, run_id: int) -> None:
    """The run moves: nobody has to set it going again. By PostgreSQL's clock, as the watchdog looks."""
    Run.objects.filter(pk=run_id).update(heartbeat_at=Now())


def fail(*, run_id: int, reason: str) -> bool:
    """End a run that cannot go on. False: it was not active any more."""
    return _leave(run_id=run_id, states=Run.ACTIVE, to=Run.State.FAILED, reason=reason)


def has_unfinished(*, run_id: int) -> bool:
    """Whether a portion of the run still waits or is in somebody's hands."""
    unfinished = [Portion.State.OPEN, Portion.State.CLAIMED]
    return Portion.objects.filter(run_id=run_id, state__in=unfinished).exists()


def finish(*, run_id: int, created: int) -> Run.State | None:
    """Close a run whose last portion is closed, with its sums. None: there is still something to do.

    `created`: as those know who settle lost answers; portions count only what they saw themselves,
    and found the rest unchanged when they looked again.

    Idempotent: the chord, the last pump and the watchdog may all call it.
    """
    if has_unfinished(run_id=run_id):
        return None
    portions = Portion.objects.filter(run_id=run_id)
    parked = portions.filter(state=Portion.State.PARKED)
    state = Run.State.FAILED if parked.exists() else Run.State.DONE
    first = parked.order_by("ordinal").values_list("reason", flat=True).first()
    reason = f"Отложено порций: {parked.count()}. {first}" if first is not None else ""
    sums = portions.aggregate(**{name: Sum(name, default=0) for name in COUNTS})
    late = max(0, created - sums["created"])
    sums["created"] += late
    sums["unchanged"] = max(0, sums["unchanged"] - late)
    moved = Run.objects.filter(pk=run_id, state=Run.State.WRITING).update(
        state=state, reason=reason, finished_at=timezone.now(), **sums
    )
    return state if moved else None


@transaction.atomic
def approve(*, run: Run, up_to: int | None, who: str) -> bool:
    """Let a held run go on. False: it is not held, or another run is active."""
    Approval.objects.update_or_create(run=run, defaults={"up_to": up_to, "approved_by": who})
    audit.record(who=who, action="run_approve", target=f"run {run.pk}", details={"up_to": up_to})
    try:
        with transaction.atomic():
            moved = Run.objects.filter(pk=run.pk, state=Run.State.HELD).update(
                state=Run.State.PREPARING, reason="", finished_at=None, heartbeat_at=Now()
            )
    except IntegrityError:  # the index knows also of one that has started at this moment
        return False
    return bool(moved)


@transaction.atomic
def discard(*, run: Run, who: str) -> bool:
    """Give a held run up."""
    audit.record(who=who, action="run_discard", target=f"run {run.pk}")
    reason = f"Отменён: {who}"
    return _leave(run_id=run.pk, states=[Run.State.HELD], to=Run.State.DISCARDED, reason=reason)


@transaction.atomic
def stop(*, run: Run, who: str) -> bool:
    """Stop an active run: pumps notice at their next claim; what is written stays written."""
    audit.record(who=who, action="run_stop", target=f"run {run.pk}")
    reason = f"Остановлен: {who}"
    return _leave(run_id=run.pk, states=Run.ACTIVE, to=Run.State.STOPPED, reason=reason)


def _leave(*, run_id: int, states: list[str] | tuple[str, ...], to: str, reason: str) -> bool:
    moved = Run.objects.filter(pk=run_id, state__in=states).update(
        state=to, reason=reason, finished_at=timezone.now()
    )
    return bool(moved)
