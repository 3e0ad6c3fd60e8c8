"""What do hedged calls make of a slow tail, and what do they cost?

    python -m benchmarks.hedging --calls 4000

An emulated Directory answers after 20 ms, one request in twenty after 1.5 s, drawn for each request.
The same calls with the Directory's policy, and with no retries. Attempts are counted by the server.
"""

import argparse
import multiprocessing
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from multiprocessing.connection import Connection
from statistics import quantiles

from benchmarks.report import Report
from clients.calls import Call, Limits
from clients.directory.client import USUAL
from clients.hedging.budget import Budget
from clients.hedging.driver import Driver
from clients.hedging.policy import HedgePolicy
from clients.hedging.service import HedgedService
from clients.pacing import Unlimited
from clients.transport import Transport
from emulators.chance import fraction
from emulators.messages import Request, Response, answer
from emulators.server import start

USUAL_SECONDS, SLOW_SECONDS, SLOW_SHARE = 0.02, 1.5, 0.05
UNHEDGED = HedgePolicy(attempt_timeout=2.0, soft_timeout=2.0, retries=0, max_in_flight=1)
CALL = Call("GET", "/v1/metrika", params=(("permalinkIds", "1"),))
MOST_P99 = 0.4  # of the one without hedging
MOST_EXTRA = 8.0  # % more requests


class SlowTail:
    """Answers everything, now and then slowly."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.requests = 0

    def handle(self, request: Request) -> Response:  # noqa: ARG002 - Service's signature
        with self._lock:
            self.requests += 1
            number = self.requests
        response = answer({"counters": []})
        slow = fraction("tail", number) < SLOW_SHARE
        response.delay = SLOW_SECONDS if slow else USUAL_SECONDS
        return response

    def torn(self, request: Request) -> float | None:  # noqa: ARG002 - Service's signature
        """Every request comes whole."""
        return None

    def stop(self) -> None:
        """Nothing runs beside the requests."""


def serve(ends: Connection) -> None:
    """A server in a process of its own: tells its URL, then, when asked, how much it was asked."""
    service = SlowTail()
    server = start(service)
    ends.send(server.url)
    ends.recv()
    ends.send(service.requests)
    server.stop()


def measure(policy: HedgePolicy, *, calls: int, callers: int) -> tuple[list[float], int]:
    """Seconds of each call, and how many requests the server saw."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs,))
    process.start()
    url: str = ours.recv()

    def connect(limits: Limits) -> Transport:
        return Transport(service="directory", base_url=url, pace=Unlimited(), limits=limits)

    driver = Driver(service="directory", budget=Budget())
    with closing(HedgedService(driver, connect)) as service, ThreadPoolExecutor(callers) as threads:

        def call(_: int) -> float:
            began = time.monotonic()
            errand = service.errand(CALL, len, endpoint="metrika", policy=policy)
            service.ask([errand], until=None)
            return time.monotonic() - began

        seconds = list(threads.map(call, range(calls)))
    ours.send("stop")
    requests: int = ours.recv()
    process.join()
    return seconds, requests


def row(title: str, seconds: list[float], requests: int) -> list[object]:
    """One line of the table: milliseconds, and requests beside the calls."""
    cuts = quantiles(seconds, n=1000)
    extra = 100 * (requests / len(seconds) - 1)
    shown = [f"{1000 * cuts[place]:.0f}" for place in (499, 949, 989, 998)]
    return [title, *shown, f"{1000 * max(seconds):.0f}", requests, f"{extra:.1f}"]


def main() -> int:
    """Run both and print; 1 where a target was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=4000)
    parser.add_argument("--callers", type=int, default=8)
    options = parser.parse_args()
    report = Report("Hedging", calls=options.calls, callers=options.callers, slow=SLOW_SHARE)
    plain, plain_requests = measure(UNHEDGED, calls=options.calls, callers=options.callers)
    hedged, hedged_requests = measure(USUAL, calls=options.calls, callers=options.callers)
    report.table(
        ("ms", "p50", "p95", "p99", "p99.9", "most", "requests", "extra, %"),
        [row("plain", plain, plain_requests), row("hedged", hedged, hedged_requests)],
    )
    ratio = quantiles(hedged, n=100)[98] / quantiles(plain, n=100)[98]
    extra = 100 * (hedged_requests / len(hedged) - 1)
    report.say(f"p99 hedged / plain: {ratio:.2f} (target {MOST_P99})")
    report.say(f"extra requests: {extra:.1f} % (target {MOST_EXTRA} %)")
    return 0 if ratio <= MOST_P99 and extra <= MOST_EXTRA else 1


if __name__ == "__main__":
    sys.exit(main())
