"""A PostgreSQL without room: every INSERT and UPDATE fails with its error 53100, as at a full disk.

Triggers say it, as no disk of a test can be filled without filling the machine's. What they cannot
show: a WAL that has no room, which ends PostgreSQL as a crash does (`postgres.crash`).
"""

from psycopg import Connection, connect

# Whether it is full is a row, and how often it was felt a sequence, which no ROLLBACK takes back.
PREPARE = """
CREATE TABLE fault_full (since timestamptz NOT NULL DEFAULT now());
CREATE SEQUENCE fault_refused MINVALUE 0;
CREATE FUNCTION fault_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM fault_full) THEN
        PERFORM nextval('fault_refused');
        RAISE 'could not extend file: No space left on device' USING ERRCODE = 'disk_full';
    END IF;
    RETURN NULL;
END $$;
DO $$
DECLARE name text;
BEGIN
    FOR name IN SELECT tablename FROM pg_tables
                WHERE schemaname = 'public' AND tablename <> 'fault_full' LOOP
        EXECUTE format('CREATE TRIGGER fault_full BEFORE INSERT OR UPDATE ON %I'
                       ' FOR EACH STATEMENT EXECUTE FUNCTION fault_refuse()', name);
    END LOOP;
END $$;
"""


class Disk:
    """Of the world's database."""

    def __init__(self, url: str) -> None:
        self._url = url

    def prepare(self) -> None:
        """Once in a world, before anybody is at work."""
        with self._database() as database:
            database.execute(PREPARE)

    def fill(self) -> None:
        """From now on nothing can be written."""
        with self._database() as database:
            database.execute("INSERT INTO fault_full DEFAULT VALUES")

    def empty(self) -> bool:
        """There is room again. Always true: for whoever waits for it."""
        with self._database() as database:
            database.execute("DELETE FROM fault_full")
        return True

    def refused(self) -> int:
        """How many statements have failed for it."""
        with self._database() as database:
            row = database.execute(
                "SELECT last_value + is_called::int FROM fault_refused"
            ).fetchone()
        return int(row[0]) if row else 0

    def _database(self) -> Connection:
        return connect(self._url, autocommit=True)
