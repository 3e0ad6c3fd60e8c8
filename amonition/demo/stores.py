"""The demonstration's own database and its own Redis number, emptied for each run."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

import psycopg
import redis
from psycopg import sql
from psycopg.conninfo import make_conninfo

from amonition.databases import names_beside
from amonition.demo.errors import DemoError

DATABASE = "amonition_demo"
LOCK = 0x64656D6F  # "demo"
NUMBERS = (15, 14, 1, 2)  # Redis has 16 databases unless told otherwise; hosted ones may have fewer
MARKER = "amonition:demo"  # in a Redis database that is ours to empty
SCHEDULED_PUSH = "sync.start_scheduled"


@contextmanager
def fresh_database(url: str) -> Iterator[str]:
    """The URL of an empty database beside the one of `url`; no other demonstration runs meanwhile.

    Raises DemoError.
    """
    try:
        connection = psycopg.connect(url, autocommit=True)
    except psycopg.Error as error:
        raise DemoError(f"DATABASE_URL: нет соединения с PostgreSQL: {error}") from error
    with connection:
        _reset(connection)
        yield make_conninfo(url, dbname=DATABASE)


def _reset(connection: psycopg.Connection) -> None:
    try:
        locked = connection.execute("SELECT pg_try_advisory_lock(%s)", [LOCK]).fetchone()
        if not (locked and locked[0]):
            raise DemoError(f"База {DATABASE} занята другой демонстрацией: завершите её")
        for name in (DATABASE, *names_beside(DATABASE)):
            drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
            connection.execute(drop.format(sql.Identifier(name)))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
    except psycopg.Error as error:
        raise DemoError(
            f"Не удалось создать базу {DATABASE}: {error}\nНужна роль с правом CREATEDB."
            " Без DATABASE_URL демонстрация запустит свой PostgreSQL"
        ) from error


def switch_schedule_off(database_url: str) -> None:
    """So that only the journey pushes; to be done before beat reads its table. Raises DemoError."""
    with psycopg.connect(database_url) as connection:
        switched = connection.execute(
            "UPDATE django_celery_beat_periodictask SET enabled = false WHERE task = %s",
            [SCHEDULED_PUSH],
        )
    if switched.rowcount != 1:
        raise DemoError(f"В расписании нет задачи {SCHEDULED_PUSH}")


def fresh_redis(url: str) -> str:
    """The URL of an empty database on the server of `url`.

    Raises DemoError where every number holds something that is not a demonstration's.
    """
    try:
        given = _number(url)  # in use by the service itself
        for number in NUMBERS:
            candidate = with_number(url, number)
            if number != given and _empty(candidate):
                return candidate
    except redis.RedisError as error:
        raise DemoError(f"REDIS_URL: {error}") from error
    numbers = ", ".join(map(str, NUMBERS))
    raise DemoError(
        f"REDIS_URL: базы {numbers} заняты чужими ключами или их нет."
        " Без REDIS_URL демонстрация запустит свой Valkey"
    )


def _empty(url: str) -> bool:
    """Empty the database if it is ours or nobody's. False: it is somebody's, or does not exist."""
    with redis.Redis.from_url(url) as client:
        try:
            if client.dbsize() and not client.exists(MARKER):
                return False
        except redis.ResponseError:  # the server has fewer databases
            return False
        client.flushdb()
        client.set(MARKER, "1")
    return True


def with_number(url: str, number: int) -> str:
    parts = urlsplit(url)
    asked = parse_qs(parts.query)
    asked.pop("db", None)
    if parts.scheme == "unix":  # urlunsplit knows no such scheme and leaves its // out
        return f"unix://{parts.path}?{urlencode(asked | {'db': [str(number)]}, doseq=True)}"
    return urlunsplit(parts._replace(path=f"/{number}", query=urlencode(asked, doseq=True)))


def _number(url: str) -> int:
    with redis.Redis.from_url(url) as client:
        return int(client.get_connection_kwargs().get("db") or 0)
