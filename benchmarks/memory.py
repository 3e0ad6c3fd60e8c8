"""Do processes and broker stay as small at a million sellers as at a hundred thousand?

    python -m benchmarks.memory --sellers 10000 40000

Each size is a world of its own: a first load, then a push with 5 % changed. A process's peak is
the kernel's own (VmHWM); the broker is looked at ten times a second.
"""

import argparse
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import redis

from benchmarks.report import Report, thousands
from benchmarks.world import Setup, World, opened

SAMPLE_SECONDS = 0.1
QUEUES = ("interactive", "bulk", "maintenance", "organizations")
UNACKED = ("unacked", "unacked_index")
MOST_RATIO = 1.2
MOST_BYTES = 10_240
CHANGED = "changed"


@dataclass(slots=True)
class Peaks:
    """The most that was seen. `messages`: bytes; `waiting`: messages; `resident`: MiB by worker."""

    messages: int = 0
    waiting: int = 0
    resident: dict[str, float] = field(default_factory=dict)


class Watch(threading.Thread):
    """Looks at the broker until it is told to end."""

    def __init__(self, redis_url: str) -> None:
        super().__init__(daemon=True)
        self.peaks = Peaks()
        self._client = redis.Redis.from_url(redis_url)
        self._over = threading.Event()

    def run(self) -> None:
        with self._client:
            while not self._over.wait(SAMPLE_SECONDS):
                self._look()

    def end(self) -> None:
        self._over.set()
        self.join()

    def _look(self) -> None:
        """Messages: those in the queues and those being worked on."""
        keys = [*QUEUES, *UNACKED]
        with self._client.pipeline(transaction=False) as pipeline:
            for key in keys:
                pipeline.memory_usage(key, samples=0)
            for queue in QUEUES:
                pipeline.llen(queue)
            pipeline.hlen(UNACKED[0])
            found = [value or 0 for value in pipeline.execute()]
        self.peaks.messages = max(self.peaks.messages, sum(found[: len(keys)]))
        self.peaks.waiting = max(self.peaks.waiting, sum(found[len(keys) :]))


@contextmanager
def watched(world: World) -> Iterator[Peaks]:
    """Peaks of the block, complete after it."""
    watch = Watch(world.redis_url)
    watch.start()
    try:
        yield watch.peaks
    finally:
        watch.end()
        watch.peaks.resident = resident()


def resident() -> dict[str, float]:
    """Peak of the largest process of each worker that this process has started, MiB."""
    peaks: dict[str, float] = {}
    for process in psutil.Process().children(recursive=True):
        command = process.cmdline()
        node = next((word for word in command if word.endswith("@%h")), None)
        if node is not None:
            name = node.removesuffix("@%h")
            peaks[name] = max(peaks.get(name, 0.0), _peak(process.pid))
    return peaks


def _peak(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"process {pid} has no VmHWM")


def measure(*, sellers: int, seed: int) -> Peaks:
    """A first load and an hourly push."""
    with opened(Setup(sellers=sellers, seed=seed)) as world:
        world.write_snapshot(CHANGED, changed=0.05)
        with watched(world) as peaks:
            world.push()
            world.show(CHANGED)
            world.push()
        return peaks


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sellers", type=int, nargs=2, default=[10_000, 40_000])
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    small, large = given.sellers
    report = Report("Memory", **vars(given))
    few, many = (measure(sellers=sellers, seed=given.seed) for sellers in (small, large))
    rows: list[tuple[object, ...]] = [
        (
            f"peak of a {name} process, MiB",
            f"{few.resident[name]:.0f}",
            f"{many.resident[name]:.0f}",
            f"{many.resident[name] / few.resident[name]:.2f}",
            MOST_RATIO,
        )
        for name in sorted(few.resident)
    ]
    rows.append(("messages in the broker, bytes", few.messages, many.messages, "", MOST_BYTES))
    rows.append(("messages, waiting and unacked", few.waiting, many.waiting, "", ""))
    report.table(("", thousands(small), thousands(large), "ratio", "target"), rows)


if __name__ == "__main__":
    main()
