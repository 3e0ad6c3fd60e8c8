"""Three pushes in this process, statement by statement: run by benchmarks.statements in its world."""

import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from operations.models import Run
from operations.runs import Order
from sync import finishing, planning, pumping, snapshots, starting
from tests.statement_counter import counted

LOOKS = 600  # at a snapshot of some ten thousand sellers: seconds
LOOK_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class Counted:
    """Statements of a run: those of its pump, and all others, which do not grow with the sellers."""

    name: str
    sellers: int
    portions: int
    pump: int
    beside: int


def main() -> None:
    """New, unchanged, changed; the snapshot is swapped before the last one."""
    link, changed = Path(os.environ["BENCH_SNAPSHOT"]), Path(os.environ["BENCH_CHANGED"])
    rows = [_push("new"), _push("unchanged")]
    rows.append(_push("changed", full=True))
    link.unlink()
    link.symlink_to(changed)
    rows.append(_push("5 % changed"))
    print(json.dumps([asdict(row) for row in rows]))


def _push(name: str, *, full: bool = False) -> Counted:
    order = Order(kind=starting.KIND, trigger=Run.Trigger.COMMAND, full=full)
    with counted() as before:
        run = starting.start(order=order)
        _take(run.pk)
        planning.plan(run=Run.objects.get(pk=run.pk))
    with counted() as pumped:
        pumping.pump(run_id=run.pk)
    with counted() as after:
        finishing.finish(run_id=run.pk)
    run.refresh_from_db()
    if run.state != Run.State.DONE:
        raise RuntimeError(f"{name}: the run is {run.state}: {run.reason}")
    return Counted(
        name=name,
        sellers=run.queried,
        portions=run.portions.count(),
        pump=len(pumped.statements),
        beside=len(before.statements) + len(after.statements),
    )


def _take(run_id: int) -> None:
    for _ in range(LOOKS):
        if snapshots.take(run=Run.objects.get(pk=run_id)):
            return
        time.sleep(LOOK_SECONDS)
    raise RuntimeError("the snapshot does not get ready")
