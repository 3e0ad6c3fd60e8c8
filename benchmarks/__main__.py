"""All benchmarks, one after the other: `python -m benchmarks` (ten minutes), `--long` (about an hour)."""

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence

MOST_SECONDS = 3600  # a benchmark

SHORT: Sequence[Sequence[str]] = (
    ("parsing",),
    ("statements",),
    ("limiter", "--seconds", "40"),
    ("limiter", "--seconds", "40", "--hogs", "2"),
    ("first_load", "--sellers", "20000"),
    ("first_load", "--sellers", "20000", "--hogs", "2"),
    ("throughput", "--sellers", "40000"),
    ("hedging", "--calls", "2000"),
    ("status_events", "--events", "100000"),
    ("campaign_linking", "--banners", "100000"),
    ("memory", "--sellers", "10000", "40000"),
    ("warehouse_memory", "10000", "100000"),
)
LONG: Sequence[Sequence[str]] = (
    ("parsing", "--rounds", "31"),
    ("statements", "--portions", "100"),
    ("limiter", "--seconds", "600"),
    ("limiter", "--seconds", "600", "--hogs", "2"),
    ("first_load", "--sellers", "100000"),
    ("first_load", "--sellers", "100000", "--hogs", "2"),
    ("throughput", "--sellers", "200000", "--rounds", "7"),
    ("hedging", "--calls", "20000"),
    ("status_events", "--events", "1000000"),
    ("campaign_linking", "--banners", "1000000"),
    ("memory", "--sellers", "100000", "1000000"),
    ("warehouse_memory", "100000", "1000000"),
    ("webhooks", "--seconds", "60"),
    ("webhook_outages",),
    ("recovery",),
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--long", action="store_true", help="the sizes of the promises")
    given = parser.parse_args()
    started = time.monotonic()
    failed = []
    for name, *options in LONG if given.long else SHORT:
        command = (sys.executable, "-m", f"benchmarks.{name}", *options)
        print(f"\n$ {' '.join(('python', *command[1:]))}", flush=True)
        if subprocess.run(command, timeout=MOST_SECONDS, check=False).returncode:  # noqa: S603
            failed.append(name)
    print(f"\n{(time.monotonic() - started) / 60:.1f} minutes", flush=True)
    if failed:
        print(f"failed: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
