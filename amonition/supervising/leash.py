"""A process group that does not outlive us, not even after kill -9.

A shell leads the group and waits for the end of a pipe whose other end nobody but us holds. The
kernel closes it when we die, however we die. PR_SET_PDEATHSIG would do the same on Linux alone and
for direct children alone; this holds for macOS and for grandchildren too.
"""

import os
import signal
import subprocess
from contextlib import suppress

# "$0" seconds between asking and killing.
SCRIPT = 'trap "" HUP INT TERM QUIT; read -r _; kill -TERM 0; sleep "$0"; kill -KILL 0'
GRACE_SECONDS = 10.0  # web and beat need one; what a worker leaves undone is found by its leases


class Leash:
    """Exists from its creation on; `release` ends it together with whoever is still in `group`."""

    def __init__(self, *, grace: float = GRACE_SECONDS) -> None:
        self._leader = subprocess.Popen(  # noqa: S603 - the script above
            ["/bin/sh", "-c", SCRIPT, str(grace)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            process_group=0,
        )

    @property
    def group(self) -> int:
        """The process group to start children in."""
        return self._leader.pid

    def release(self) -> None:
        """Kill what is left of the group."""
        with suppress(ProcessLookupError):
            os.killpg(self.group, signal.SIGKILL)
        self._leader.communicate()
