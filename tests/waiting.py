"""Waiting for another process: a condition with a deadline, never a blind sleep."""

import threading
import time
from collections.abc import Callable

POLL_SECONDS = 0.02  # short beside any wait here, long beside one check


def wait_until(condition: Callable[[], bool], *, seconds: float, what: str) -> None:
    """Return once `condition` holds; fail the test with `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        pause.wait(POLL_SECONDS)
