"""From the URLs in the environment to what Django, Celery and redis-py want to be told."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.core.exceptions import ImproperlyConfigured
from psycopg.conninfo import conninfo_to_dict
from psycopg.errors import ProgrammingError

CONNECTION_AGE_SECONDS = 300  # a worker keeps its connection over many tasks, not for ever
STATEMENT_TIMEOUT_MS = 30_000  # below the soft limit of a task
LOCK_TIMEOUT_MS = 5_000  # longer than any statement of ours holds a row
IDLE_IN_TRANSACTION_MS = 15_000  # nothing of ours waits inside a transaction
CONNECT_TIMEOUT_SECONDS = 5
SHARDS_BESIDE = 2  # as many as it takes for "on every shard" to mean something


def postgresql(name: str, value: str) -> dict[str, Any]:
    """Django's DATABASES entry for a libpq URL. `name` is the variable that an error names."""
    try:
        parts = conninfo_to_dict(value)
    except ProgrammingError as error:
        raise ImproperlyConfigured(f"{name}: not a PostgreSQL URL: {error}") from error
    dbname = parts.pop("dbname", None)
    if not dbname:
        raise ImproperlyConfigured(f"{name}: the URL names no database")
    entry = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": dbname,
        "USER": parts.pop("user", ""),
        "PASSWORD": parts.pop("password", ""),
        "HOST": parts.pop("host", ""),
        "PORT": parts.pop("port", ""),
        "CONN_MAX_AGE": CONNECTION_AGE_SECONDS,
        "CONN_HEALTH_CHECKS": True,
    }
    limits = (
        f"-c statement_timeout={STATEMENT_TIMEOUT_MS} -c lock_timeout={LOCK_TIMEOUT_MS}"
        f" -c idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_MS}"
    )
    options = {"connect_timeout": CONNECT_TIMEOUT_SECONDS, "options": limits} | parts
    return entry | {"OPTIONS": options}


def names_beside(database: str) -> list[str]:
    """What the shards of a default database are called where nobody has named them."""
    return [f"{database}_shard{number}" for number in range(1, SHARDS_BESIDE + 1)]


def shards(name: str, urls: Sequence[str], *, default: dict[str, Any]) -> dict[int, dict[str, Any]]:
    """DATABASES entries of the shards by number, which is a URL's place in the list, from 1 on.

    Without URLs they lie beside the default database and are made by `migrate_shards`.
    """
    entries = [postgresql(name, url) for url in urls] or [
        default | {"NAME": name} for name in names_beside(default["NAME"])
    ]
    places = [(entry["HOST"], entry["PORT"], entry["NAME"]) for entry in [default, *entries]]
    if len(set(places)) < len(places):
        raise ImproperlyConfigured(
            f"{name}: a database is named twice, or is the one of DATABASE_URL"
        )
    return dict(enumerate(entries, 1))


def celery_broker(value: str) -> str:
    """Celery spells the URL of a Redis socket in a way of its own; other URLs are the same."""
    parts = urlsplit(value)
    if parts.scheme != "unix":
        return value
    database = parse_qs(parts.query).get("db", ["0"])[0]
    return f"redis+socket://{parts.path}?virtual_host={database}"
