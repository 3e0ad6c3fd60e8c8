"""A slot's PostgreSQL and Valkey: they outlive worlds, and are restarted in the middle of them."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import redis

from amonition.embedded.daemon import Daemon
from amonition.embedded.postgresql import postgresql
from amonition.embedded.sharing import join
from amonition.embedded.valkey import valkey
from tests.faults import clocks
from tests.faults.disk import Disk

WORLD, PREPARED = "world", "prepared"
# A crash of PostgreSQL loses nothing that was committed, as with fsync; only a crash of the
# machine would, and that is not among the faults.
SETTINGS = ("fsync = off", "full_page_writes = off", "autovacuum = off")


class Stores:
    """`turn` is held by whoever stops, starts or empties one."""

    def __init__(self, directory: Path) -> None:
        self.postgresql: Daemon = postgresql(directory, durable=True)
        self.valkey: Daemon = valkey(directory, durable=False)
        self.turn = threading.Lock()

    @contextmanager
    def running(self) -> Iterator[None]:
        with ExitStack() as stack:
            for daemon in (self.postgresql, self.valkey):
                stack.callback(join(daemon))
            with self._admin() as admin:
                for setting in SETTINGS:
                    admin.execute(f"ALTER SYSTEM SET {setting}".encode())
                admin.execute("SELECT pg_reload_conf()")
            yield
        for daemon in (self.postgresql, self.valkey):
            for path in daemon.outside:
                shutil.rmtree(path, ignore_errors=True)

    @property
    def database_url(self) -> str:
        """Of the world's database, which is another one for each world."""
        return self.postgresql.url.replace("/postgres?", f"/{WORLD}?")

    @property
    def disk(self) -> Disk:
        """Where the world's database lies."""
        return Disk(self.database_url)

    @property
    def redis_url(self) -> str:
        return self.valkey.url

    def create(self) -> None:
        """An empty database to be prepared."""
        with self._admin() as admin:
            admin.execute(f"CREATE DATABASE {WORLD}".encode())

    def keep_as_prepared(self) -> None:
        """From now on every world begins like this: migrated, beat's intervals shortened."""
        with psycopg.connect(self.database_url, autocommit=True) as database:
            for usual, short in clocks.BEATS.items():
                database.execute(
                    "UPDATE django_celery_beat_intervalschedule SET every = %s WHERE every = %s",
                    [short, usual],
                )
            database.execute(
                "UPDATE django_celery_beat_periodictask SET enabled = false"
                " WHERE task = 'sync.start_scheduled'"
            )
        with self._admin() as admin:
            admin.execute(f"ALTER DATABASE {WORLD} RENAME TO {PREPARED}".encode())

    def renew(self) -> None:
        """A new database and an empty Redis."""
        with self._admin() as admin:
            admin.execute(f"DROP DATABASE IF EXISTS {WORLD} WITH (FORCE)".encode())
            admin.execute(f"CREATE DATABASE {WORLD} TEMPLATE {PREPARED}".encode())
        with self.redis() as server:
            server.flushall()

    def cut_connections(self) -> int:
        """How many connections to the world's database have ended."""
        with self._admin() as admin:
            row = admin.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = %s",
                [WORLD],
            ).fetchone()
        return int(row[0]) if row else 0

    @contextmanager
    def redis(self) -> Iterator[redis.Redis]:
        with redis.Redis.from_url(self.redis_url) as server:
            yield server

    def _admin(self) -> psycopg.Connection:
        return psycopg.connect(self.postgresql.url, autocommit=True)
