"""Plain SQL for the hot paths. In autocommit, one statement is one transaction."""

import logging
import time
from collections.abc import Mapping
from typing import Any

from django.db import InterfaceError, OperationalError, connection

logger = logging.getLogger(__name__)

PAUSES = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)  # seconds; a restart of PostgreSQL takes a few


def fetch(sql: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """The rows that a statement returns."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


def execute(sql: str, parameters: Mapping[str, Any]) -> int:
    """How many rows a statement changed."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return int(cursor.rowcount)


def persist(sql: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """`fetch` for what must be written down because it has happened elsewhere already.

    For idempotent statements only: after a lost connection nobody knows whether the first try was
    carried out. Raises what the last try raises.
    """
    for pause in PAUSES:
        try:
            return fetch(sql, parameters)
        except (InterfaceError, OperationalError) as error:
            logger.warning("database.lost", extra={"error": repr(error), "pause": pause})
            connection.close()
            time.sleep(pause)
    return fetch(sql, parameters)
