"""The life of a server that outlives the process which started it.

The server inherits a locked descriptor, so the lock says whether it (or a child of it) is alive:
unlike a pid file it is right after a crash of the machine, and for a zombie.
The callers here hold the turn (sharing.py), so nobody else starts or stops the server meanwhile.
"""

import fcntl
import logging
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from amonition.embedded.accounts import Account, Command, run
from amonition.embedded.errors import EmbeddedServerError
from amonition.embedded.locks import is_held, open_lock, try_lock
from amonition.embedded.waiting import POLL_SECONDS, wait_until

logger = logging.getLogger(__name__)

START_SECONDS = 60  # a warm start takes 0.1 s; after a crash the log is replayed first
JOIN_SECONDS = 10  # a running server answers at once, unless the machine is very busy
LAUNCH_SECONDS = 1  # both servers make their socket and pid file in the first 0.1 s
LOG_BYTES = 10 * 1024 * 1024  # months of quiet work
LOG_TAIL_BYTES = 2000  # what a terminal shows of it
ALIVE_LOCK = "alive.lock"


@dataclass(frozen=True, slots=True)
class Daemon:
    """What is particular to one server; the functions below are the same for all."""

    name: str
    url: str
    home: Path  # ours: locks and log
    socket: Path
    pid_file: Path  # the server writes it
    account: Account
    stop_signals: Sequence[tuple[signal.Signals, float]]  # the gentlest first, with seconds
    leftovers: Sequence[Path]  # of a killed server; they would hinder the next one
    outside: Sequence[Path]  # directories that are not below `home`
    prepare: Callable[[], Command]  # makes the data ready, returns the command
    answers: Callable[[], bool]


def ensure_running(daemon: Daemon) -> None:
    """Join a server that answers, replace one that does not, start one where there is none."""
    if is_running(daemon):
        patience = JOIN_SECONDS if daemon.socket.exists() else LAUNCH_SECONDS
        if _comes_up(daemon, seconds=patience):
            return
        logger.warning("embedded.half_dead", extra={"server": daemon.name})
        stop(daemon)
    elif daemon.socket.exists() and daemon.answers():
        raise EmbeddedServerError(
            f"another {daemon.name} answers on {daemon.socket}: end that process"
            " (its data may have been removed while it ran)"
        )
    _launch(daemon)
    if not _comes_up(daemon, seconds=START_SECONDS):
        stop(daemon)
        raise EmbeddedServerError(f"{daemon.name} did not start\n{log_tail(daemon.home)}")
    logger.info("embedded.started", extra={"server": daemon.name})


def is_running(daemon: Daemon) -> bool:
    """Whether the server or a child of it lives; it need not answer."""
    return is_held(daemon.home / ALIVE_LOCK)


def stop(daemon: Daemon) -> None:
    """End the server, with growing force. Raises EmbeddedServerError if it stays."""
    # Just launched, it has yet to write down whom to signal.
    wait_until(lambda: daemon.pid_file.exists() or not is_running(daemon), seconds=LAUNCH_SECONDS)
    for number, seconds in daemon.stop_signals:
        if not is_running(daemon):
            return
        _signal(daemon, number)
        if wait_until(lambda: not is_running(daemon), seconds=seconds):
            return
    raise EmbeddedServerError(
        f"{daemon.name} does not stop: kill the process named in {daemon.pid_file}"
    )


@contextmanager
def open_log(home: Path) -> Iterator[int]:
    """A descriptor that appends to the server's log, emptied first when it has grown long."""
    path = home / "server.log"
    if path.exists() and path.stat().st_size > LOG_BYTES:
        path.unlink()
    # For nobody else's eyes: the log quotes statements.
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        yield log
    finally:
        os.close(log)


def log_tail(home: Path) -> str:
    """The log's place and its end, to be shown to the user."""
    path = home / "server.log"
    return f"{path}:\n{path.read_bytes()[-LOG_TAIL_BYTES:].decode(errors='replace')}"


def _comes_up(daemon: Daemon, *, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while is_running(daemon) and time.monotonic() < deadline:
        if daemon.answers():
            return True
        time.sleep(POLL_SECONDS)
    return False


def _launch(daemon: Daemon) -> None:
    command = daemon.prepare()
    for path in daemon.leftovers:
        path.unlink(missing_ok=True)
    alive = open_lock(daemon.home / ALIVE_LOCK)
    try:
        try_lock(alive, fcntl.LOCK_EX)
        with open_log(daemon.home) as log:
            # Through a shell that ends at once: the server is not our child, so no zombie of ours.
            run(
                ["/bin/sh", "-c", '"$@" &', "sh", *command],
                account=daemon.account,
                output=log,
                keep=[alive],
            )
    finally:
        os.close(alive)


def _signal(daemon: Daemon, number: signal.Signals) -> None:
    # The file may not be there yet, or name a server whose last child still holds the lock.
    with suppress(FileNotFoundError, ValueError, IndexError, ProcessLookupError):
        os.kill(int(daemon.pid_file.read_text().split()[0]), number)
