"""One child: what it is, and its process with its restarts."""

import logging
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO

from amonition.supervising.child_logs import Log
from amonition.supervising.errors import ChildFailedError

logger = logging.getLogger(__name__)

CRASH_WINDOW = 60.0  # seconds in which crashes are counted
FIRST_PAUSE = 0.5  # seconds until the first restart; doubled with each crash in the window
STOP_SIGNALS = ((signal.SIGTERM, 10.0), (signal.SIGKILL, 5.0))


@dataclass(frozen=True, slots=True)
class Child:
    """A program that is to run until it is told to end.

    `most_crashes`: so many within a minute, and it is given up.
    `stop_signals`: the gentlest first, each with the seconds until the next one.
    """

    name: str
    command: Sequence[str]
    most_crashes: int = 5
    stop_signals: Sequence[tuple[signal.Signals, float]] = STOP_SIGNALS


Launch = Callable[[Sequence[str], IO[str] | None], subprocess.Popen[bytes]]


class RunningChild:
    """A child from its start on."""

    def __init__(self, child: Child, *, log: Log, launch: Launch) -> None:
        self.child = child
        self._log = log
        self._launch = launch
        self._crashes: deque[float] = deque(maxlen=child.most_crashes)
        self._restart_at = 0.0
        self._process = self._start()

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def look(self) -> None:
        """Restart the child if it ended and its pause is over. Raises ChildFailedError."""
        self._log.cut()
        if self.is_running:
            return
        now = time.monotonic()
        if not self._restart_at:
            self._note_crash(now)
        if now >= self._restart_at:
            self._restart_at = 0.0
            self._process = self._start()

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def _start(self) -> subprocess.Popen[bytes]:
        with self._log.opened() as output:
            process = self._launch(self.child.command, output)
        logger.info("supervisor.started", extra={"child": self.child.name, "pid": process.pid})
        return process

    def _note_crash(self, now: float) -> None:
        status = self._process.returncode
        self._crashes.append(now)
        recent = sum(now - crash < CRASH_WINDOW for crash in self._crashes)
        if recent >= self.child.most_crashes:
            times = "" if recent == 1 else f" {recent} times within {CRASH_WINDOW:.0f} s"
            raise ChildFailedError(
                f"{self.child.name} ended{times}, last with status {status}.\n{self._log.tail()}"
            )
        self._restart_at = now + FIRST_PAUSE * 2 ** (recent - 1)
        logger.warning("supervisor.crashed", extra={"child": self.child.name, "status": status})
