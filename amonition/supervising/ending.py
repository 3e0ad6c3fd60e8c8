"""Ending children: asked first, killed at last, all of a stage at the same time."""

import logging
import signal
import time
from collections.abc import Callable, Sequence

from amonition.supervising.children import RunningChild

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.05  # short beside the quickest orderly end, 0.2 s


def end(children: Sequence[RunningChild], *, in_a_hurry: Callable[[], bool]) -> None:
    """Return when all have ended, or their last signal's time is over too."""
    endings = [Ending(child) for child in children]
    while endings := [each for each in endings if not each.is_over(in_a_hurry=in_a_hurry())]:
        time.sleep(POLL_SECONDS)


class Ending:
    """One child's way out."""

    def __init__(self, running: RunningChild) -> None:
        self._running = running
        self._signals = list(running.child.stop_signals)
        self._since = self._next_at = time.monotonic()

    def is_over(self, *, in_a_hurry: bool) -> bool:
        """Send what is due. True: the child has ended, or nothing more can be done."""
        now = time.monotonic()
        name = self._running.child.name
        if not self._running.is_running:
            seconds = round(now - self._since, 1)
            logger.info("supervisor.ended", extra={"child": name, "seconds": seconds})
            return True
        if in_a_hurry and self._signals:
            del self._signals[:-1]
            self._next_at = now
        if now < self._next_at:
            return False
        if not self._signals:
            logger.error("supervisor.stays", extra={"child": name})
            return True
        number, seconds = self._signals.pop(0)
        if number == signal.SIGKILL:
            logger.warning("supervisor.killed", extra={"child": name})
        self._running.signal(number)
        self._next_at = now + seconds
        return False
