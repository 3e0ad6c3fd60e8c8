"""The facade: the servers that the environment does not name, and a pair for a test run."""

import atexit
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from amonition.embedded.daemon import Daemon
from amonition.embedded.errors import EmbeddedServerError
from amonition.embedded.locks import exclusive
from amonition.embedded.postgresql import postgresql
from amonition.embedded.sharing import end_unless_used, join
from amonition.embedded.valkey import valkey

EMBEDDED = {"DATABASE_URL": postgresql, "REDIS_URL": valkey}
TESTS_LOCK = "tests.lock"


@dataclass(frozen=True, slots=True)
class Servers:
    """The servers this process uses. A URL that the environment gives as a file is empty here."""

    database_url: str
    redis_url: str
    _leaving: ExitStack = field(repr=False, compare=False)
    _joined_by: int = field(default_factory=os.getpid, repr=False, compare=False)

    def stop(self) -> None:
        """Leave; the last user stops the servers. In a forked child, and a second time: nothing."""
        if os.getpid() == self._joined_by:
            atexit.unregister(self.stop)
            self._leaving.close()


def provide(environ: MutableMapping[str, str], *, local_dir: Path) -> Servers | None:
    """Start or join what `environ` leaves unset, and write the URLs there. None: all was set."""
    unset = [name for name in EMBEDDED if not (environ.get(name) or environ.get(f"{name}_FILE"))]
    if not unset:
        return None
    with _prepared(local_dir) as directory, ExitStack() as stack:
        urls = _join(stack, {name: EMBEDDED[name](directory, durable=True) for name in unset})
        environ.update(urls)
        return _servers(environ, stack)


def throw_away(local_dir: Path) -> Servers:
    """A fresh pair without durability for one test run, removed with its data at stop.

    What killed test runs left behind is removed first.
    """
    with _prepared(local_dir) as directory, ExitStack() as stack, exclusive(directory / TESTS_LOCK):
        _sweep(directory)
        home = directory / f"test-{os.getpid()}-{secrets.token_hex(4)}"
        home.mkdir()
        daemons = _pair(home)
        stack.callback(_remove, home, daemons.values())
        return _servers(_join(stack, daemons), stack)


@contextmanager
def _prepared(local_dir: Path) -> Iterator[Path]:
    """The directory, resolved (its full path tells two checkouts apart), and errors explained."""
    try:
        local_dir.mkdir(parents=True, exist_ok=True)
        yield local_dir.resolve()
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EmbeddedServerError(
            f"no embedded servers in {local_dir}: {error}. Give this user the right to write there,"
            " set LOCAL_DIR to another directory, or set DATABASE_URL and REDIS_URL"
        ) from error


def _join(stack: ExitStack, daemons: Mapping[str, Daemon]) -> dict[str, str]:
    for daemon in daemons.values():
        stack.callback(join(daemon))
    return {name: daemon.url for name, daemon in daemons.items()}


def _servers(urls: Mapping[str, str], stack: ExitStack) -> Servers:
    leaving = stack.pop_all()
    servers = Servers(urls.get("DATABASE_URL", ""), urls.get("REDIS_URL", ""), leaving)
    atexit.register(servers.stop)
    return servers


def _pair(home: Path) -> dict[str, Daemon]:
    return {name: embedded(home, durable=False) for name, embedded in EMBEDDED.items()}


def _sweep(directory: Path) -> None:
    for home in directory.glob("test-*"):
        if home.stat().st_uid != os.geteuid():
            continue  # another user's: neither ours to stop nor to remove
        daemons = _pair(home).values()
        if all(end_unless_used(daemon) for daemon in daemons):
            _delete(home, daemons)


def _remove(home: Path, daemons: Iterable[Daemon]) -> None:
    with exclusive(home.parent / TESTS_LOCK):
        _delete(home, daemons)


def _delete(home: Path, daemons: Iterable[Daemon]) -> None:
    outside = [path for daemon in daemons for path in daemon.outside]
    for path in [*outside, home]:
        shutil.rmtree(path, ignore_errors=True)
