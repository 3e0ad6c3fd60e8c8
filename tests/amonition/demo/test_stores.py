import os
from collections.abc import Iterator
from urllib.parse import urlsplit

import psycopg
import pytest
import redis

from amonition.demo import stores
from amonition.demo.errors import DemoError

# One server's databases of demonstrations: nobody else may use them meanwhile.
pytestmark = pytest.mark.xdist_group("demonstrations")

NOBODY = "postgresql://nobody@127.0.0.1:1/none"


def number(url: str, database: int) -> redis.Redis:
    return redis.Redis.from_url(stores.with_number(url, database))


@pytest.fixture
def redis_url() -> Iterator[str]:
    """The tests' own server, empty where a demonstration may look."""
    url = os.environ["REDIS_URL"]
    for database in stores.NUMBERS:
        number(url, database).flushdb()
    yield url
    for database in stores.NUMBERS:
        number(url, database).flushdb()


def test_database_is_empty_each_time() -> None:
    with stores.fresh_database(os.environ["DATABASE_URL"]) as url, psycopg.connect(url) as left:
        left.execute("CREATE TABLE of_the_last_time ()")
        left.commit()
        with psycopg.connect(url, autocommit=True) as other:
            assert name_of(other) == stores.DATABASE
    with stores.fresh_database(os.environ["DATABASE_URL"]) as url, psycopg.connect(url) as fresh:
        assert fresh.execute("SELECT to_regclass('of_the_last_time')").fetchone() == (None,)


def test_connections_of_the_last_time_are_ended() -> None:
    with stores.fresh_database(os.environ["DATABASE_URL"]) as url:
        left = psycopg.connect(url)
    with stores.fresh_database(os.environ["DATABASE_URL"]):
        pass
    with pytest.raises(psycopg.OperationalError):
        left.execute("SELECT")


def test_two_demonstrations_do_not_share_a_database() -> None:
    url = os.environ["DATABASE_URL"]
    with (
        stores.fresh_database(url),
        pytest.raises(DemoError, match="занята"),
        stores.fresh_database(url),
    ):
        pytest.fail("the second one got the database too")


def test_server_that_is_away_is_explained() -> None:
    with pytest.raises(DemoError, match="DATABASE_URL"), stores.fresh_database(NOBODY):
        pytest.fail("nobody answered")


def test_redis_database_is_empty_each_time(redis_url: str) -> None:
    first = stores.fresh_redis(redis_url)
    redis.Redis.from_url(first).set("queue", "of the last time")
    second = stores.fresh_redis(redis_url)
    assert first == second == stores.with_number(redis_url, stores.NUMBERS[0])
    assert redis.Redis.from_url(second).keys() == [stores.MARKER.encode()]


def test_redis_database_with_foreign_keys_is_left_alone(redis_url: str) -> None:
    number(redis_url, 15).set("somebody", "else")
    assert stores.fresh_redis(redis_url) == stores.with_number(redis_url, 14)
    assert number(redis_url, 15).get("somebody") == b"else"


def test_database_of_the_service_itself_is_left_alone(redis_url: str) -> None:
    given = stores.with_number(redis_url, 15)
    assert stores.fresh_redis(given) == stores.with_number(redis_url, 14)


def test_server_without_room_is_explained(redis_url: str) -> None:
    for database in stores.NUMBERS:
        number(redis_url, database).set("somebody", "else")
    with pytest.raises(DemoError, match="15, 14, 1, 2"):
        stores.fresh_redis(redis_url)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://host:6379/0", "redis://host:6379/3"),
        ("redis://host:6379", "redis://host:6379/3"),
        ("redis://host:6379?db=5", "redis://host:6379/3"),
        (
            "rediss://:pass@host/7?ssl_cert_reqs=none",
            "rediss://:pass@host/3?ssl_cert_reqs=none",
        ),
        ("unix:///run/redis.sock?db=0", "unix:///run/redis.sock?db=3"),
        ("unix:///run/redis.sock", "unix:///run/redis.sock?db=3"),
    ],
)
def test_number_is_exchanged_in_every_form_of_url(url: str, expected: str) -> None:
    assert stores.with_number(url, 3) == expected
    assert redis.Redis.from_url(expected).get_connection_kwargs()["db"] == 3
    assert urlsplit(expected).scheme == urlsplit(url).scheme


def name_of(connection: psycopg.Connection) -> str:
    row = connection.execute("SELECT current_database()").fetchone()
    assert row
    return str(row[0])
