"""Waiting for another process, never longer than told."""

import time
from collections.abc import Callable

POLL_SECONDS = 0.01  # short beside a start (0.1 s), long beside one look (below 0.01 s)


def wait_until(condition: Callable[[], bool], *, seconds: float) -> bool:
    """Whether `condition` came to hold within `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True
