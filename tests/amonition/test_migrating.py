import os
import threading
from collections.abc import Iterator

import psycopg
import pytest
from django.conf import settings as given
from django.core.management import CommandError, call_command
from django.db import connection, connections
from pytest_django import Settings

from amonition import migrating
from tests.sharded import DATABASES
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True, databases=DATABASES)

SHARDED = {
    "banner_permalinks",
    "banners",
    "bs_queue",
    "campaign_counters",
    "campaign_org_counters",
    "campaign_permalinks",
    "campaigns",
    "client_phones",
    "moderation_queue",
    "organizations",
    "status_cursor",
    "status_seen",
    "vcards",
}
SHARDS = list(given.SHARDS.values())
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


@pytest.fixture
def no_shards() -> Iterator[None]:
    """The shards' databases are gone; with the test's end at the latest they are back."""
    names = [connections[alias].settings_dict["NAME"] for alias in SHARDS]
    for alias in SHARDS:
        connections[alias].close()
    with connection.cursor() as cursor:
        for name in names:
            cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    yield
    migrating.migrate_shards(verbosity=0)


@pytest.mark.usefixtures("no_shards")
def test_shards_beside_the_database_are_made_and_filled() -> None:
    call_command("migrate_shards", verbosity=0)
    for alias in SHARDS:
        assert tables(alias) == SHARDED | {"django_migrations"}


@pytest.mark.usefixtures("no_shards")
def test_shards_that_have_urls_are_not_made(settings: Settings) -> None:
    settings.SHARD_DATABASE_URLS = ["postgresql:///elsewhere"]
    with pytest.raises(CommandError, match=r"(?s)^shard1: .*does not exist"):
        call_command("migrate_shards", verbosity=0)


def test_the_default_database_has_the_directory_of_shards_alone() -> None:
    assert not tables("default") & SHARDED
    assert "clients" in tables("default")


def tables(alias: str) -> set[str]:
    with connections[alias].cursor() as cursor:
        return set(connections[alias].introspection.table_names(cursor))
