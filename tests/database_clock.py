"""A clock_timestamp() that stands still: a schema of our own lies before PostgreSQL's."""

from datetime import datetime

from django.db import connection

from operations import statements

INSTALL = """
CREATE SCHEMA clock;
CREATE FUNCTION clock.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
AS $$ SELECT current_setting('clock.now')::timestamptz $$;
SET LOCAL search_path = clock, pg_catalog, public
"""


class DatabaseClock:
    """Until the test's transaction ends, PostgreSQL has this time, whatever ours is."""

    def __init__(self, now: datetime) -> None:
        with connection.cursor() as cursor:
            cursor.execute(INSTALL)
        self.set(now)

    def set(self, now: datetime) -> None:
        """It is this moment from here on."""
        statements.fetch(
            "SELECT set_config('clock.now', %(now)s::text, true)", {"now": now.isoformat()}
        )
