"""`python -m emulators --port-base N`: runs until SIGTERM or SIGINT."""

import argparse
import gc
import json
import signal
import sys

from emulators.starting import start_all

SWITCH_SECONDS = 0.001  # threads hand over sooner than by default, so that answers wait less
GC_THRESHOLD = 200_000  # objects; companies are never garbage, looking through them is waste


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m emulators", description=__doc__)
    parser.add_argument("--port-base", type=int, required=True)
    parser.add_argument("--sellers", type=int, default=3000, help="sellers that have offers")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--host", default="127.0.0.1")
    given = parser.parse_args()
    ends = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)  # threads inherit it: only sigwait sees them
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.set_threshold(GC_THRESHOLD, 50, 100)
    emulators = start_all(given.port_base, sellers=given.sellers, seed=given.seed, host=given.host)
    print(json.dumps({"ready": True, **emulators.urls()}), flush=True)
    signal.sigwait(ends)
    emulators.stop()


if __name__ == "__main__":
    main()
