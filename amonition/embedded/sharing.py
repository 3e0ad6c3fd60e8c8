"""Who uses a server. Several processes share one; the last one out turns off the light.

Each user holds a shared lock on one file; who starts or stops holds a second file exclusively (the
turn). A killed user's lock is freed by the kernel: the server goes on, and the next user joins it.
A forked child shares its parent's lock: it keeps the server up when the parent is killed, and does
not when the parent leaves in order.
"""

import fcntl
import os
from collections.abc import Callable
from functools import partial

from amonition.embedded.daemon import Daemon, ensure_running, stop
from amonition.embedded.locks import exclusive, is_held, open_lock, try_lock

TURN_LOCK = "turn.lock"
USERS_LOCK = "users.lock"


def join(daemon: Daemon) -> Callable[[], None]:
    """Become a user of the running server. Returns how to leave it: to be called once."""
    with exclusive(daemon.home / TURN_LOCK):
        users = open_lock(daemon.home / USERS_LOCK)
        try:
            try_lock(users, fcntl.LOCK_SH)
            ensure_running(daemon)
        except BaseException:  # Ctrl-C in the first second, too, leaves nothing running
            _leave_in_turn(daemon, users)
            raise
    return partial(_leave, daemon, users)


def end_unless_used(daemon: Daemon) -> bool:
    """Stop the server if nobody uses it. Returns whether it is stopped."""
    with exclusive(daemon.home / TURN_LOCK):
        if is_held(daemon.home / USERS_LOCK):
            return False
        stop(daemon)
        return True


def _leave(daemon: Daemon, users: int) -> None:
    if not daemon.home.exists():  # somebody cleaned the checkout below us
        os.close(users)
        return
    with exclusive(daemon.home / TURN_LOCK):
        _leave_in_turn(daemon, users)


def _leave_in_turn(daemon: Daemon, users: int) -> None:
    try:
        if try_lock(users, fcntl.LOCK_EX):
            stop(daemon)
    finally:
        os.close(users)
