"""Services that are away, for a part of a test."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection
from pytest_django import Settings


@contextmanager
def postgresql_away(nowhere: Path) -> Iterator[None]:
    """Nobody listens on the socket; all threads' next connections lead there."""
    host = connection.settings_dict["HOST"]
    connection.close()
    connection.settings_dict["HOST"] = str(nowhere)
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["HOST"] = host


@contextmanager
def redis_away(settings: Settings, nowhere: Path) -> Iterator[None]:
    """Nobody listens on the spool's socket; the broker is another matter."""
    url = settings.REDIS_URL
    settings.REDIS_URL = f"unix://{nowhere}/nobody.sock"
    try:
        yield
    finally:
        settings.REDIS_URL = url


@contextmanager
def silent_server() -> Iterator[int]:
    """A port where connections are taken and nothing is ever said."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        port: int = server.getsockname()[1]
        yield port
