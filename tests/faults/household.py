"""The service's processes in a world: found among all processes, killed, frozen, thawed."""

import os
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, replace

from amonition import processes
from amonition.supervising import Child, Supervisor

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
    """Web, beat and two workers: bulk has the pumps, the desk everything else."""

    def __init__(self, supervisor: Supervisor, environ: Mapping[str, str], *, port: int) -> None:
        self._supervisor = supervisor
        self._environ = environ
        self._port = port

    def start(self) -> None:
        queues = "interactive,maintenance,organizations"
        for child in (
            processes.worker(BULK, queues="bulk", processes=2),
            processes.worker(DESK, queues=queues, processes=3),
            processes.web(self._port),
            processes.beat(),
        ):
            self._supervisor.start(_immortal(child), environ=self._environ)

    def main(self, name: str) -> list[Process]:
        """The process that the supervisor has started."""
        mark = MARKS[name]
        return [p for p in listed() if p.parent == os.getpid() and mark in p.command]

    def pool(self, *names: str) -> list[Process]:
        """The children of these."""
        parents = {process.pid for name in names for process in self.main(name)}
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
