"""How many statements and how long does it take to link a large campaign to an organization?

    python -m benchmarks.campaign_linking --banners 100000

In one process, against an emulated Directory: what a person's request costs, which only orders the
change, and what the worker's transaction costs, which brings it to the banners. A tenth of the
banners has another organization at first, all have two automatic links.
"""

import argparse
import json
import sys
from typing import Any

from amonition.demo.service import manage
from benchmarks.report import Report
from benchmarks.world import Setup, opened

MOST_STATEMENTS = 10
MOST_SECONDS = 5.0  # for 100,000 banners
PER = 100_000


def measure(*, banners: int) -> list[dict[str, Any]]:
    """See benchmarks.campaign_steps."""
    with opened(Setup(sellers=500), workers=False) as world:
        world.carry_out(*manage("migrate_shards"))
        command = (sys.executable, "-m", "benchmarks.in_django", "benchmarks.campaign_steps")
        output = world.carry_out("env", f"BENCH_BANNERS={banners}", *command)
        steps: list[dict[str, Any]] = json.loads(output)
        return steps


def main() -> int:
    """Measure and print; 1 where a target was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--banners", type=int, default=PER)
    given = parser.parse_args()
    report = Report("Linking a campaign", banners=given.banners)
    steps = measure(banners=given.banners)
    target = MOST_SECONDS * given.banners / PER
    report.table(
        ("step", "banners", "request", "s", "worker", "target", "s", "target", "processor, s"),
        [
            (
                step["name"],
                step["banners"],
                step["request"]["statements"],
                f"{step['request']['seconds']:.2f}",
                step["worker"]["statements"],
                MOST_STATEMENTS,
                f"{step['worker']['seconds']:.2f}",
                f"{target:g}",
                f"{step['worker']['processor']:.2f}",
            )
            for step in steps
        ],
    )
    report.say("request, worker: statements; the worker's besides the one that claims the change")
    worst = max(steps, key=lambda step: float(step["worker"]["seconds"]))
    statements = max(int(step["worker"]["statements"]) for step in steps)
    return 0 if statements <= MOST_STATEMENTS and worst["worker"]["seconds"] <= target else 1


if __name__ == "__main__":
    sys.exit(main())
