"""How fast do a million events about publication get to two shards, and what does a repetition do?

    python -m benchmarks.status_events --events 1000000

Each shard has advertisers who use a quarter of the organizations, and a banner with a manual link
for each of these uses. Organizations have two or three events, which come in another order than
they happened, and every shard gets all of them. PostgreSQL and both appliers share the machine.
Afterwards every row is compared with what its newest event says; then everything comes again.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.report import Report, thousands
from benchmarks.world import servers

MILLION = 1_000_000
TARGET = 60.0  # seconds for a million events on both shards
MOST_SECONDS = 1800.0
CHECKOUT = Path(__file__).resolve().parent.parent


def measure(*, events: int, seed: int) -> dict[str, Any]:
    """See benchmarks.status_applying."""
    with (
        tempfile.TemporaryDirectory(prefix="amonition-bench-") as scratch,
        servers(Path(scratch)) as urls,
    ):
        environ = os.environ | dict(urls) | {"SECRET_KEY": "of a benchmark", "DEBUG": "0"}
        for command in ("migrate", "migrate_shards"):
            _run(("manage.py", command, "-v", "0"), environ)
        module = ("-m", "benchmarks.in_django", "benchmarks.status_applying")
        environ |= {"BENCH_EVENTS": str(events), "BENCH_SEED": str(seed)}
        found: dict[str, Any] = json.loads(_run(module, environ))
        return found


def _run(arguments: tuple[str, ...], environ: Mapping[str, str]) -> str:
    return subprocess.run(  # noqa: S603 - our own programs
        [sys.executable, *arguments],
        cwd=CHECKOUT,
        env=dict(environ),
        stdout=subprocess.PIPE,
        text=True,
        timeout=MOST_SECONDS,
        check=True,
    ).stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=MILLION)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    report = Report("Status events", shards=2, **vars(given))
    found = measure(events=given.events, seed=given.seed)
    report.say(", ".join(f"{name} {thousands(number)}" for name, number in found["world"].items()))
    target = TARGET * given.events / MILLION
    rows = []
    for phase in found["phases"]:
        speed = thousands(given.events / phase["seconds"])
        goal = f"{target:.0f}" if phase["name"] == "applied on both shards" else ""
        rows.append(
            (
                phase["name"],
                f"{phase['seconds']:.1f}",
                goal,
                speed,
                thousands(phase["rows"]),
                thousands(phase["banners"]),
                f"{phase['longest'] * 1000:.0f}",
            )
        )
    columns = ("", "seconds", "target", "events/s", "rows changed", "banners sent", "longest, ms")
    report.table(columns, rows)
    report.say(f"rows that do not say what the newest event says: {found['wrong']} (target 0)")


if __name__ == "__main__":
    main()
