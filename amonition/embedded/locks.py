"""Locks on small files. The kernel frees a lock when the last process that holds it is gone."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from amonition.embedded.errors import EmbeddedServerError
from amonition.embedded.waiting import wait_until

TURN_SECONDS = 180  # a turn takes a second; on a slow disk, after a crash, a minute or two


def open_lock(path: Path) -> int:
    """A descriptor to lock; closed on exec. Each opening is a holder of its own, fork shares it."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)


def try_lock(descriptor: int, operation: int) -> bool:
    """Take (or change to) `LOCK_SH` or `LOCK_EX` without waiting. A failed change loses the lock."""
    try:
        fcntl.flock(descriptor, operation | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_held(path: Path) -> bool:
    """Whether any process holds the lock, shared or not."""
    descriptor = open_lock(path)
    try:
        return not try_lock(descriptor, fcntl.LOCK_EX)
    finally:
        os.close(descriptor)


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Wait for one's turn and hold it. Raises EmbeddedServerError after TURN_SECONDS."""
    descriptor = open_lock(path)
    try:
        if not wait_until(lambda: try_lock(descriptor, fcntl.LOCK_EX), seconds=TURN_SECONDS):
            raise EmbeddedServerError(
                f"{path} has been held by another process for {TURN_SECONDS} s:"
                " end the process that is starting or stopping the servers there"
            )
        yield
    finally:
        os.close(descriptor)
