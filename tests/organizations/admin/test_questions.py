"""What the pages ask has an index to go by, however many rows there are."""

import pytest
from django.db import connections

from organizations import overview
from tests.sharded import on_shards

QUESTIONS = {name: value for name, value in vars(overview).items()
             if name.isupper() and str(value).lstrip().startswith("SELECT")}  # fmt: skip


def test_there_are_questions() -> None:
    assert len(QUESTIONS) > 10


@on_shards
@pytest.mark.parametrize("name", sorted(QUESTIONS))
def test_no_table_is_read_through(name: str) -> None:
    """With scans forbidden PostgreSQL still takes one where there is no index for it."""
    with connections["shard1"].cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        cursor.execute("EXPLAIN " + QUESTIONS[name], {"wanted": 1, "most": 1})
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Seq Scan" not in plan, plan
