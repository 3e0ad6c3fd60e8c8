"""Bringing the database's tables up to date when several starts do it at the same time."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management import call_command
from django.db import connection

LOCK = 0x616D6F6E  # "amon"; any number that nobody else locks in our database
WAIT_SECONDS = 300.0  # another start's migrations may rewrite a big table
POLL_SECONDS = 0.2


class MigratingError(Exception):
    """Another start holds the turn for too long."""


def migrate(*, verbosity: int) -> None:
    """Apply what is missing, one process at a time. Raises MigratingError."""
    with _turn():
        call_command("migrate", interactive=False, verbosity=verbosity)


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
