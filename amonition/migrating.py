"""Bringing the databases' tables up to date when several starts do it at the same time."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.core.management import call_command
from django.db import Error, OperationalError, connection, connections
from psycopg import sql

LOCK = 0x616D6F6E  # "amon"; any number that nobody else locks in our database
WAIT_SECONDS = 300.0  # another start's migrations may rewrite a big table
POLL_SECONDS = 0.2


class MigratingError(Exception):
    """Another start holds the turn for too long, or a shard cannot be made; says what to do."""


def migrate(*, verbosity: int) -> None:
    """Apply what is missing, also on the shards, one process at a time. Raises MigratingError."""
    with _turn():
        call_command("migrate", interactive=False, verbosity=verbosity)
        _migrate_shards(verbosity=verbosity)


def migrate_shards(*, verbosity: int) -> None:
    """The shards alone; those beside the default database are made. Raises MigratingError."""
    with _turn():
        _migrate_shards(verbosity=verbosity)


def _migrate_shards(*, verbosity: int) -> None:
    for alias in settings.SHARDS.values():
        if not settings.SHARD_DATABASE_URLS:
            _make_beside(connections[alias].settings_dict["NAME"])
        # Migrations of unsharded tables are recorded there too and do nothing (ads/routing.py).
        try:
            call_command("migrate", database=alias, interactive=False, verbosity=verbosity)
        except OperationalError as error:
            raise MigratingError(
                f"{alias}: {error} Databases of SHARD_DATABASE_URLS have to exist"
            ) from error


def _make_beside(name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM pg_database WHERE datname = %s", [name])
        if cursor.fetchone() is not None:
            return
        try:
            cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        except Error as error:
            raise MigratingError(
                f"cannot make the database {name}: {error} Give the role CREATEDB, or name the"
                " shards' databases in SHARD_DATABASE_URLS"
            ) from error


@contextmanager
def _turn() -> Iterator[None]:
    """A lock of the session: it is free again when the process dies."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not _ask("SELECT pg_try_advisory_lock(%s)"):
        if time.monotonic() > deadline:
            raise MigratingError(f"another start has been migrating for {WAIT_SECONDS:.0f} s")
        time.sleep(POLL_SECONDS)
    try:
        yield
    finally:
        _ask("SELECT pg_advisory_unlock(%s)")


def _ask(question: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(question, [LOCK])
        answer = cursor.fetchone()
    return bool(answer and answer[0])
