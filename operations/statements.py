"""Plain SQL for the hot paths. In autocommit, one statement is one transaction."""

import logging
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import chain, repeat
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError, connection, connections
from django.db.backends.postgresql.base import ServerBindingCursor

logger = logging.getLogger(__name__)
T = TypeVar("T")

PAUSES = (0.2, 0.5, 1.0, 2.0)  # seconds between tries, the last one again and again
PATIENCE = 60.0  # seconds; a restart of PostgreSQL takes a few, a switch to a standby half a minute


def now() -> datetime:
    """PostgreSQL's time: what is compared with its moments is measured by its clock."""
    moment: datetime = fetch("SELECT clock_timestamp()", {})[0][0]
    return moment


def fetch(
    sql: str, parameters: Mapping[str, Any], *, using: str = DEFAULT_DB_ALIAS
) -> list[tuple[Any, ...]]:
    """The rows that a statement returns."""
    with connections[using].cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


def fetch_bound(
    sql: str, parameters: Mapping[str, Any], *, using: str = DEFAULT_DB_ALIAS
) -> list[tuple[Any, ...]]:
    """`fetch` for arrays of hundreds of values: sent beside the statement, not written into it.

    Django's default makes literals of them, which takes ten times as long as the query itself.
    The server then wants to know the type of every parameter: cast them in the statement. Write
    `%(name)b` and give `operations.arrays` for long ones: as text each value is searched for quotes.
    """
    connections[using].ensure_connection()
    session = connections[using].connection
    literal = session.cursor_factory
    session.cursor_factory = ServerBindingCursor
    try:
        return fetch(sql, parameters, using=using)
    finally:
        session.cursor_factory = literal


def execute(sql: str, parameters: Mapping[str, Any], *, using: str = DEFAULT_DB_ALIAS) -> int:
    """How many rows a statement changed."""
    with connections[using].cursor() as cursor:
        cursor.execute(sql, parameters)
        return int(cursor.rowcount)


def persist(sql: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """`fetch_bound` for what must be written down because it has happened elsewhere already.

    For idempotent statements only: see `outlast`.
    """
    return outlast(lambda: fetch_bound(sql, parameters))


def outlast(work: Callable[[], T], *, seconds: float = PATIENCE) -> T:
    """What `work` returns; it is begun again where the database went away in the middle of it.

    Only for work that may be done twice: after a lost connection nobody knows whether the first try
    was carried out. Outside of transactions. Raises what the last try raises.
    """
    until = time.monotonic() + seconds
    for pause in chain(PAUSES, repeat(PAUSES[-1])):
        try:
            return work()
        except (InterfaceError, OperationalError) as error:
            if time.monotonic() + pause > until:
                raise
            logger.warning("database.lost", extra={"error": repr(error), "pause": pause})
            connection.close()
            time.sleep(pause)
    raise AssertionError("the pauses never end")
