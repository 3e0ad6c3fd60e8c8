"""Many random edits during random events, which the suite has time for few of.

python -m tests.organizations.long_walk --steps 10000 --seed 1
"""

import argparse
import os
import sys
import time
from pathlib import Path

import pytest

WALKS = Path(__file__).parent / "links" / "long.py"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=10_000, help="walks of 200")
    parser.add_argument("--seed", type=int, default=1, help="of the first walk")
    given = parser.parse_args()
    os.environ["WALK_STEPS"], os.environ["WALK_SEED"] = str(given.steps), str(given.seed)
    began = time.monotonic()
    status = pytest.main(
        [str(WALKS), "-q", "-p", "no:randomly", "--no-header", "-o", "timeout=600"]
    )
    sys.stdout.write(f"{given.steps} steps, {time.monotonic() - began:.0f} s\n")
    return int(status)


if __name__ == "__main__":
    sys.exit(main())
