"""The full disk of a world: what is written fails as PostgreSQL's own would, and that is counted."""

from pathlib import Path

import psycopg
import pytest
from psycopg.errors import DiskFull

from tests.faults.stores import Stores


def test_nothing_can_be_written_until_there_is_room_again(tmp_path: Path) -> None:
    stores = Stores(tmp_path)
    with stores.running():
        stores.create()
        with psycopg.connect(stores.database_url, autocommit=True) as database:
            database.execute("CREATE TABLE thing (id int PRIMARY KEY)")
            stores.disk.prepare()
            database.execute("INSERT INTO thing VALUES (1)")
            stores.disk.fill()
            with pytest.raises(DiskFull):
                database.execute("INSERT INTO thing VALUES (2)")
            with pytest.raises(DiskFull):
                database.execute("UPDATE thing SET id = 3")
            database.execute("SELECT * FROM thing")
            assert stores.disk.refused() == 2
            stores.disk.empty()
            database.execute("INSERT INTO thing VALUES (2)")
