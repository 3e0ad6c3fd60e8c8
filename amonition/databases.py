"""From the URLs in the environment to what Django, Celery and redis-py want to be told."""

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


def celery_broker(value: str) -> str:
    """Celery spells the URL of a Redis socket in a way of its own; other URLs are the same."""
    parts = urlsplit(value)
    if parts.scheme != "unix":
        return value
    database = parse_qs(parts.query).get("db", ["0"])[0]
    return f"redis+socket://{parts.path}?virtual_host={database}"
