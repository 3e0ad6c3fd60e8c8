"""Counting statements in all threads of this process, without BEGIN and COMMIT."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.db.backends.signals import connection_created
from django.db.backends.utils import CursorWrapper


class StatementCounter:
    """How many statements the database was sent."""

    def __init__(self) -> None:
        self.statements: list[str] = []

    def __call__(
        self,
        execute: Callable[..., CursorWrapper],
        sql: str,
        params: Any,
        many: bool,
        context: dict[str, Any],
    ) -> CursorWrapper:
        self.statements.append(sql)
        return execute(sql, params, many, context)

    def watch(self, *, connection: Any, **_: object) -> None:
        """A thread has opened its connection."""
        connection.execute_wrappers.append(self)


@contextmanager
def counted() -> Iterator[StatementCounter]:
    """Everything that this process sends in the block."""
    counter = StatementCounter()
    connection_created.connect(counter.watch)
    try:
        with connection.execute_wrapper(counter):
            yield counter
    finally:
        connection_created.disconnect(counter.watch)
