import os
import threading
from collections.abc import Iterator

import psycopg
import pytest
from django.db import connection, connections

from amonition import migrating
from tests.waiting import wait_until

ASKING = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND query LIKE '%%pg_try_advisory_lock%%'
  AND pid <> pg_backend_pid()
"""


@pytest.fixture
def other_start(transactional_db: None) -> Iterator[psycopg.Connection]:
    """A session that is migrating the same database."""
    name = connection.settings_dict["NAME"]
    with psycopg.connect(os.environ["DATABASE_URL"], dbname=name, autocommit=True) as session:
        session.execute("SELECT pg_advisory_lock(%s)", [migrating.LOCK])
        yield session


def test_second_start_waits_for_its_turn(other_start: psycopg.Connection) -> None:
    start = threading.Thread(target=migrate_in_thread)
    start.start()
    wait_until(
        lambda: other_start.execute(ASKING).fetchone() == (1,), seconds=10, what="asks for the turn"
    )
    assert start.is_alive()
    other_start.execute("SELECT pg_advisory_unlock(%s)", [migrating.LOCK])
    start.join(60)
    assert not start.is_alive()


def test_turn_is_given_back(transactional_db: None) -> None:
    migrating.migrate(verbosity=0)
    name = connection.settings_dict["NAME"]
    with psycopg.connect(os.environ["DATABASE_URL"], dbname=name) as other:
        answer = other.execute("SELECT pg_try_advisory_lock(%s)", [migrating.LOCK]).fetchone()
    assert answer == (True,)


def migrate_in_thread() -> None:
    try:
        migrating.migrate(verbosity=0)
    finally:
        connections.close_all()
