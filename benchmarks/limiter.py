"""Does the limiter keep 7 requests/s, judged by arrival, and how much of them does it use?

    python -m benchmarks.limiter --seconds 60 --hogs 2

Sending processes saturate the bulk lane over real sockets while one interactive request a second
comes in between. A judge in a process of its own takes the kernel's time of each arrival and
counts every eight in a row that span less than a second. `--hogs` burn CPU beside it all.
"""

import argparse
import contextlib
import multiprocessing
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import quantiles

import redis

from amonition.embedded.daemon import ensure_running, stop
from amonition.embedded.valkey import valkey
from benchmarks.limiter_judge import MESSAGE, judge
from clients.limiter import RedisPace
from clients.pacing import Lane, NoSlotError

RATE = 7.0
NAME = "benchmark"
PATIENCE = 5.0  # seconds: a refusal ends one attempt of a thread, not the thread
ANSWER_TIMEOUT = 10.0  # seconds


@dataclass
class Sent:
    """What one process saw. Waits: seconds from asking to sending."""

    lateness: list[float] = field(default_factory=list)
    interactive_waits: list[float] = field(default_factory=list)
    refused: int = 0


def send_once(pace: RedisPace, lane: Lane, connection: socket.socket, sent: Sent) -> None:
    """One request: reserve, wait, check, send, read the answer."""
    asked_at = time.monotonic()
    slot = pace.reserve(lane, patience=PATIENCE)
    time.sleep(max(0.0, slot.at - time.monotonic()))
    sending_at = time.monotonic()
    if sending_at > slot.late_after:
        pace.burn(slot)
        return
    connection.sendall(MESSAGE)
    sent.lateness.append(sending_at - slot.at)
    if lane is Lane.INTERACTIVE:
        sent.interactive_waits.append(sending_at - asked_at)
    connection.recv(len(MESSAGE))


def send_until(deadline: float, pace: RedisPace, lane: Lane, port: int, sent: Sent) -> None:
    """Send on one connection: bulk as fast as it may, interactive once a second."""
    every = 1.0 if lane is Lane.INTERACTIVE else 0.0
    with socket.create_connection(("127.0.0.1", port), ANSWER_TIMEOUT) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while time.monotonic() < deadline:
            started = time.monotonic()
            try:
                send_once(pace, lane, connection, sent)
            except NoSlotError as refusal:
                sent.refused += 1
                time.sleep(refusal.retry_after)
            time.sleep(max(0.0, started + every - time.monotonic()))


def sender(url: str, port: int, lanes: list[Lane], seconds: float, report: Connection) -> None:
    """One sending process: a thread for each of `lanes`."""
    pace = RedisPace(redis=redis.Redis.from_url(url), name=NAME, rate=RATE)
    sent = Sent()
    deadline = time.monotonic() + seconds
    threads = [
        threading.Thread(
            target=send_until,
            args=(deadline, pace, lane, port, sent),
        )
        for lane in lanes
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    report.send(sent)


def burn_cpu() -> None:
    """A hog."""
    while True:
        pass


@contextlib.contextmanager
def valkey_url() -> Iterator[str]:
    """A server of our own, for as long as it is needed."""
    with tempfile.TemporaryDirectory(prefix="pace-") as directory:
        server = valkey(Path(directory), durable=True)
        ensure_running(server)
        try:
            yield server.url
        finally:
            stop(server)


def run(options: argparse.Namespace, url: str) -> tuple[list[float], list[Sent]]:
    """Arrivals in seconds, and what each process saw."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    judging = context.Process(target=judge, args=(options.latency_ms / 1000, theirs))
    judging.start()
    port: int = ours.recv()
    hogs = [context.Process(target=burn_cpu, daemon=True) for _ in range(options.hogs)]
    reports: list[Connection] = []
    senders = []
    for index in range(options.processes):
        lanes = [Lane.BULK] * options.threads + [Lane.INTERACTIVE] * (index == 0)
        receiving, sending = context.Pipe(duplex=False)
        reports.append(receiving)
        senders.append(
            context.Process(target=sender, args=(url, port, lanes, options.seconds, sending))
        )
    for process in [*hogs, *senders]:
        process.start()
    seen: list[Sent] = [report.recv() for report in reports]
    for process in senders:
        process.join()
    for process in hogs:
        process.kill()
    ours.send("stop")
    arrivals: list[float] = ours.recv()
    judging.join()
    return arrivals, seen


def print_table(arrivals: list[float], seen: list[Sent], client: redis.Redis) -> None:
    """One row per figure."""
    spans = [last - first for first, last in zip(arrivals, arrivals[7:], strict=False)]
    used = (len(arrivals) - 1) / (arrivals[-1] - arrivals[0]) / RATE
    waits = quantiles([wait for sent in seen for wait in sent.interactive_waits], n=100)
    late = quantiles([late for sent in seen for late in sent.lateness], n=1000)
    state = RedisPace(redis=client, name=NAME, rate=RATE).state()
    calls = client.info("commandstats")["cmdstat_evalsha"]["calls"]
    rows = {
        "requests": len(arrivals),
        "utilisation, %": f"{100 * used:.2f}",
        "violations (8 within 1 s)": sum(span < 1 for span in spans),
        "min span of 8, ms": f"{1000 * min(spans):.1f}",
        "slots burned": state.burned,
        "sent late by p50 / p99.9, ms": f"{1000 * late[499]:.2f} / {1000 * late[-1]:.2f}",
        "interactive wait p50 / p99, ms": f"{1000 * waits[49]:.0f} / {1000 * waits[98]:.0f}",
        "refused": sum(sent.refused for sent in seen),
        "Redis calls per send": f"{calls / len(arrivals):.2f}",
    }
    for title, value in rows.items():
        print(f"{title:32} {value:>18}")


def main() -> None:
    """Run once and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--hogs", type=int, default=0)
    parser.add_argument("--latency-ms", type=float, default=350)
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--threads", type=int, default=4, help="bulk threads per process")
    options = parser.parse_args()
    with valkey_url() as url, redis.Redis.from_url(url) as client:
        RedisPace(redis=client, name=NAME, rate=RATE).open(after_seconds=0)
        arrivals, seen = run(options, url)
        print_table(arrivals, seen, client)


if __name__ == "__main__":
    main()
