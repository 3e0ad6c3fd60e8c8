"""Following a run from a terminal: a progress bar, and a word when no worker answers."""

import time
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from operations import selectors
from operations.models import Run

POLL_SECONDS = 0.25
NO_WORKER_SECONDS = 30  # without any movement: then nobody is there to move it


@dataclass(frozen=True, slots=True)
class Followed:
    """The run at its end, or as it stood when following was given up."""

    run: Run
    counts: dict[str, int]


def follow(*, run_id: int, console: Console) -> Followed:
    """Show the run's progress until it ends. A run without a worker is followed on: one may start."""
    started = time.monotonic()
    warned = False
    columns = (
        TextColumn("{task.description:<28}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("снепшот", total=None)
        while True:
            run = Run.objects.get(pk=run_id)
            counts = selectors.progress(run=run)
            bar.update(
                task,
                description=Run.State(run.state).label,
                total=run.rows if run.portions.exists() else None,
                completed=counts["queried"],
            )
            if run.state not in Run.ACTIVE:
                return Followed(run, counts)
            silent = not run.snapshot and time.monotonic() - started > NO_WORKER_SECONDS
            if silent and not warned:
                console.print("Ни один рабочий процесс не отвечает: запустите make up")
                warned = True
            time.sleep(POLL_SECONDS)
