"""How PostgreSQL carries out what a page of the admin asks for."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext


@dataclass(frozen=True, slots=True)
class Plan:
    """`nodes`: kinds of steps; `indexes`: those used; `blocks`: of 8 KiB that were touched."""

    sql: str
    nodes: frozenset[str]
    indexes: frozenset[str]
    blocks: int


def page_plans(client: Client, path: str, *, table: str, most_statements: int) -> list[Plan]:
    """Open a page; the plans of Django's statements that read `table`, the list's own one last."""
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(path)
    assert answer.status_code == 200
    said = [str(query["sql"]) for query in queries]
    assert len(said) <= most_statements, said
    reads = [sql for sql in said if f'FROM "{table}"' in sql]
    assert "ORDER BY" in reads[-1]
    return [plan(sql) for sql in reads]


def plan(sql: str) -> Plan:
    """How a statement without parameters is carried out. It is carried out."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}")
        (found,) = cursor.fetchone()
    explained = orjson.loads(found) if isinstance(found, str) else found
    top = explained[0]["Plan"]
    nodes = list(_nodes(top))
    return Plan(
        sql=sql,
        nodes=frozenset(node["Node Type"] for node in nodes),
        indexes=frozenset(node["Index Name"] for node in nodes if "Index Name" in node),
        blocks=top["Shared Hit Blocks"] + top["Shared Read Blocks"],
    )


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", []):
        yield from _nodes(inner)
