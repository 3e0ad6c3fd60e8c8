"""The service's processes in a world: found among all processes, killed, frozen, thawed."""

import os
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, replace

from amonition import processes
from amonition.supervising import Child, Supervisor
from tests.faults.wall_clocks import WallClock

NO_GRACE = ((signal.SIGKILL, 5.0),)  # the world is over when its children are ended
MOST_CRASHES = 60  # they are killed on purpose, and come back
BULK, DESK, WEB, BEAT = "bulk", "desk", "web", "beat"
MARKS = {BULK: " -n bulk@", DESK: " -n desk@", WEB: "gunicorn", BEAT: "--quiet beat"}


@dataclass(frozen=True, slots=True)
class Process:
    """A line of ps. `state` begins with T where the process is frozen."""

    pid: int
    parent: int
    state: str
    command: str


def listed() -> list[Process]:
    """Every process of this machine."""
    command = ("ps", "-A", "-ww", "-o", "pid=,ppid=,stat=,args=")
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603
    rows = (line.split(None, 3) for line in said.splitlines())
    return [Process(int(row[0]), int(row[1]), row[2], row[3]) for row in rows if len(row) == 4]


class Household:
    """Web, beat and two workers: bulk has the pumps, the desk everything else.

    `clocks`: of the workers whose wall clock can go wrong.
    """

    def __init__(
        self,
        supervisor: Supervisor,
        environ: Mapping[str, str],
        *,
        port: int,
        clocks: Mapping[str, WallClock],
    ) -> None:
        self.clocks = clocks
        self._supervisor = supervisor
        self._environ = environ
        self._port = port

    def start(self) -> None:
        queues = "interactive,maintenance,organizations"
        for name, child in (
            (BULK, processes.worker(BULK, queues="bulk", processes=2)),
            (DESK, processes.worker(DESK, queues=queues, processes=3)),
            (WEB, processes.web(self._port)),
            (BEAT, processes.beat()),
        ):
            clock = self.clocks.get(name)
            environ = clock.environ(self._environ) if clock else self._environ
            self._supervisor.start(_immortal(child), environ=environ)

    def main(self, *names: str) -> list[Process]:
        """The processes of these names that the supervisor has started."""
        marks = [MARKS[name] for name in names]
        own = [process for process in listed() if process.parent == os.getpid()]
        return [process for process in own if any(mark in process.command for mark in marks)]

    def pool(self, *names: str) -> list[Process]:
        """The children of these."""
        parents = {process.pid for process in self.main(*names)}
        return [process for process in listed() if process.parent in parents]

    def frozen(self) -> list[Process]:
        """Who has stopped, or was stopped."""
        return [process for process in self.pool(BULK, DESK) if process.state.startswith("T")]


def _immortal(child: Child) -> Child:
    return replace(child, most_crashes=MOST_CRASHES, stop_signals=NO_GRACE)


def send(process: Process, number: signal.Signals) -> bool:
    """False: it has ended already."""
    try:
        os.kill(process.pid, number)
    except ProcessLookupError:
        return False
    return True
