"""A shard's database that takes no connections: the server is up, the shard is not."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, connections

END = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"


@contextmanager
def away(alias: str) -> Iterator[None]:
    """Not within a transaction."""
    name = connections[alias].settings_dict["NAME"]
    connections[alias].close()
    with connection.cursor() as cursor:
        cursor.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        cursor.execute(END, [name])
        try:
            yield
        finally:
            cursor.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
