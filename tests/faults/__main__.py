"""`python -m tests.faults`: many worlds, or one of them again. See the package's docstring."""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.faults.results import Record, Results, line, table
from tests.faults.slots import CHECKOUT, Slot, carry_out_all

KEPT = CHECKOUT / ".local" / "faults"


def main() -> int:
    given = _arguments()
    results = Results(KEPT / "results.jsonl")
    if given.fresh:
        shutil.rmtree(KEPT, ignore_errors=True)
        results = Results(KEPT / "results.jsonl")
    if given.seed is not None:
        seeds = todo = [given.seed]
    else:
        seeds = list(range(given.first, given.first + given.seeds))
        todo = [seed for seed in seeds if not results.has(seed)]
    started = time.monotonic()

    def done(slot: Slot, record: Record) -> None:
        results.add(record)
        _say(line(record))
        if record.get("violations") or "broken" in record:
            _keep_logs(slot, record)

    with tempfile.TemporaryDirectory(prefix="faults-") as scratch:
        carry_out_all(todo, jobs=given.jobs, directory=Path(scratch), done=done)
    records = results.of(seeds)
    _say(table(records, seconds=time.monotonic() - started))
    return int(any(record.get("violations") or "broken" in record for record in records))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument(
        "--seeds", type=int, default=120, help="worlds; those done are not repeated"
    )
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--seed", type=int, help="this one, again")
    parser.add_argument("--jobs", type=int, default=2, help="worlds at a time")
    parser.add_argument("--fresh", action="store_true", help="forget what was done")
    return parser.parse_args()


def _keep_logs(slot: Slot, record: Record) -> None:
    place = KEPT / f"seed-{record['seed']}"
    shutil.rmtree(place, ignore_errors=True)
    if (slot.directory / "logs").exists():
        shutil.copytree(slot.directory / "logs", place)
        _say(f"    logs: {place}")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
