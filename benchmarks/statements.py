"""How many statements does a push send to PostgreSQL?

    python -m benchmarks.statements --portions 20

Counted, not timed: claims of portions, classification, the create protocol, confirmations, all of
it, in one process. What an hour of a million sellers costs follows from the counts.
"""

import argparse
import json
import sys
from typing import Any

from benchmarks.report import Report, thousands
from benchmarks.world import Setup, opened

PORTION = 500
MILLION = 1_000_000
BUDGETS = {"new": 6.0, "unchanged": 2.0, "changed": 2.0, "5 % changed": 2.0}
CHANGED = "changed-snapshot"


def measure(*, portions: int, seed: int) -> list[dict[str, Any]]:
    """See benchmarks.counting."""
    setup = Setup(sellers=portions * PORTION, seed=seed)
    with opened(setup, workers=False) as world:
        world.write_snapshot(CHANGED, changed=0.05)
        names = {
            "BENCH_SNAPSHOT": str(world.place.snapshot),
            "BENCH_CHANGED": str(world.place.directory / CHANGED),
        }
        environ = "env", *(f"{name}={value}" for name, value in names.items())
        command = (sys.executable, "-m", "benchmarks.in_django", "benchmarks.counting")
        found: list[dict[str, Any]] = json.loads(world.carry_out(*environ, *command))
        return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--portions", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    report = Report("Statements", portions=given.portions, sellers_a_write=250, seed=given.seed)
    rows = []
    for run in measure(portions=given.portions, seed=given.seed):
        each = run["pump"] / run["portions"]
        hourly = each * MILLION / PORTION + run["beside"]
        budget = f"{BUDGETS[run['name']]:g}"
        rows.append(
            (run["name"], run["portions"], f"{each:.2f}", budget, run["beside"], thousands(hourly))
        )
    report.table(
        ("push", "portions", "per 500", "target", "beside, per run", "a run of 1 000 000"), rows
    )


if __name__ == "__main__":
    main()
