"""A worker's wall clock that goes wrong: Python imports this at its start where it is on PYTHONPATH.

The file that FAULT_WALL_CLOCK names says by how many seconds the clock is ahead; it may change at any
moment, as when a machine is set right. Monotonic clocks are left alone, as they are by a machine.
A process that has followed says so in a file beside it.
"""

import os
import threading
import time
from pathlib import Path

import time_machine

VARIABLE = "FAULT_WALL_CLOCK"
LOOK_SECONDS = 0.1  # how soon a process follows


class _Clock:
    """Of this process and of those that it forks, each with a thread of its own."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._ahead = 0.0
        self._coordinates = time_machine.travel(time.time(), tick=True).start()
        self._follow()
        self._watch()
        os.register_at_fork(after_in_child=self._watch)

    def _watch(self) -> None:
        threading.Thread(target=self._keep_following, name="wall clock", daemon=True).start()

    def _keep_following(self) -> None:
        self._tell()
        while True:
            time.sleep(LOOK_SECONDS)
            if self._follow():
                self._tell()

    def _follow(self) -> bool:
        ahead = float(self._file.read_text())
        changed = ahead != self._ahead
        if changed:
            self._coordinates.shift(ahead - self._ahead)
            self._ahead = ahead
        return changed

    def _tell(self) -> None:
        self._file.with_name(f"{self._file.name}.{os.getpid()}").write_text(str(self._ahead))


if os.environ.get(VARIABLE):
    _Clock(Path(os.environ[VARIABLE]))
