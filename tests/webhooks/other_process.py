"""What another process has to be told to work beside a test."""

from django.conf import settings
from django.db import connection
from psycopg.conninfo import make_conninfo


def environment(*names: str) -> dict[str, str]:
    """The test's own database, and these settings as the test has changed them."""
    known = connection.get_connection_params()
    wanted = ("dbname", "user", "password", "host", "port")
    database = make_conninfo(**{name: known[name] for name in wanted if known.get(name)})
    return {name: str(getattr(settings, name)) for name in names} | {"DATABASE_URL": database}
