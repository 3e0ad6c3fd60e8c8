"""`make fuzz`: atheris looks for a body that `tests.webhooks.test_parsing.check` does not hold for.

Exits with another status than 0 where one is found; it is then kept beside the bodies that led on.
"""

import argparse
import importlib
import importlib.util
import sys
from pathlib import Path

KEPT = Path(__file__).resolve().parent.parent.parent / ".local" / "fuzz-parsing"
LONGEST = 128  # bytes of input, of tokens in every other case; what is longer teaches nothing new
SECONDS_FOR_ONE = 10  # a body of that size takes a millisecond


def main() -> None:
    """Look through as many bodies as asked for. Does not return: libFuzzer ends the process."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=int, default=1_000_000, help="bodies to try")
    options.add_argument("--seed", type=int, default=0, help="0: another one each time")
    asked = options.parse_args()
    if importlib.util.find_spec("atheris") is None:
        options.error("atheris is missing: it exists for Linux on x86-64, Python 3.11 to 3.13")
    atheris = importlib.import_module("atheris")  # by name: it has no annotations
    with atheris.instrument_imports(include=["webhooks"]):
        checks = importlib.import_module("tests.webhooks.test_parsing")

    def try_one(data: bytes) -> None:
        if data[:1] < b"\x80":
            checks.check(data[1:])
        else:
            checks.check(checks.of_tokens(data[1:]))

    KEPT.mkdir(parents=True, exist_ok=True)
    arguments = [
        sys.argv[0],
        f"-runs={asked.runs}",
        f"-seed={asked.seed}",
        f"-max_len={LONGEST}",
        f"-timeout={SECONDS_FOR_ONE}",
        f"-artifact_prefix={KEPT}/found-",
        "-print_final_stats=1",
        str(KEPT),
    ]
    atheris.Setup(arguments, try_one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
