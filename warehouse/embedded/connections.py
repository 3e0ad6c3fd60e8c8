"""How DuckDB is opened: with little memory, and without ever reaching for the network."""

import os
import threading
from pathlib import Path

import duckdb

READER_MEMORY = "128MB"  # a read of 2,000 rows takes 20; the rest is for very long texts

Config = dict[str, str | bool | int | float | list[str]]


def _connect(config: Config) -> duckdb.DuckDBPyConnection:
    offline: Config = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    connection = duckdb.connect(config={**config, **offline})
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def open_aggregator(*, memory_limit: str, threads: int, spill: Path) -> duckdb.DuckDBPyConnection:
    """A connection for one piece of work; what exceeds `memory_limit` goes to files in `spill`."""
    return _connect(
        {
            "memory_limit": memory_limit,
            "threads": threads,
            "temp_directory": str(spill),
            "preserve_insertion_order": False,  # the one order that matters is asked for
        }
    )


class _Own(threading.local):
    """The connection of this thread, and the process that opened it."""

    connection: duckdb.DuckDBPyConnection | None = None
    process: int = 0


_own = _Own()
_inherited: list[duckdb.DuckDBPyConnection] = []


def reader() -> duckdb.DuckDBPyConnection:
    """This thread's connection for reading, opened on first use, and again after a fork."""
    if _own.connection is not None and _own.process == os.getpid():
        return _own.connection
    if _own.connection is not None:
        # Closing it here would touch locks that the parent's threads held during the fork.
        _inherited.append(_own.connection)
    _own.connection = _connect({"memory_limit": READER_MEMORY, "threads": 1, "temp_directory": ""})
    _own.process = os.getpid()
    return _own.connection
