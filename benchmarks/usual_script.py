"""The script that a user would write instead: aioamocrm, DuckDB, psycopg, no protection.

    python -m benchmarks.usual_script load
    python -m benchmarks.usual_script hourly

`load` creates everybody, `hourly` updates everybody: it keeps seller and company, no fingerprints.
Writes of 250, eight at a time. It writes the same fields with the same values as we do. Run by
benchmarks.throughput, in the environment of its world; imports nothing of the product.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

import duckdb
import httpx
import psycopg
from aioamocrm import AmoCRMClient, LongLivedToken

WRITE_SIZE = 250
AT_ONCE = 8  # what our two pumps have in flight
FEEDS_SIZE = 500
TIMEOUT = 30.0
STATUSES = ("active", "inactive", "moderation", "banned", "expired", "removed")
AGGREGATE = """
SELECT
    s.seller_id, any_value(s.phone), any_value(s.email), any_value(s.name),
    any_value(s.sale_address),
    epoch(any_value(s.first_visit_at))::BIGINT, epoch(min(o.created_at))::BIGINT, count(*),
    bool_or(o.source = 'feed'), bool_or(o.source = 'form'),
    coalesce(bool_or(o.condition = 'used'), false), coalesce(bool_or(o.condition = 'new'), false),
    list_sort(list_distinct(list(o.category))),
    {counts}
FROM read_parquet('{directory}/sellers/*.parquet') s
JOIN read_parquet('{directory}/offers/*.parquet') o USING (seller_id)
GROUP BY s.seller_id ORDER BY s.seller_id
"""
CODES = (
    ("AMONITION_FIRST_VISIT", 5),
    ("AMONITION_FIRST_OFFER", 6),
    ("AMONITION_OFFERS_TOTAL", 7),
    ("AMONITION_AUTOLOAD", 8),
    ("AMONITION_FORM", 9),
    ("AMONITION_USED", 10),
    ("AMONITION_NEW", 11),
)
Row = tuple[Any, ...]
Body = dict[str, Any]


def aggregate(directory: str) -> list[Row]:
    counts = ", ".join(f"count(*) FILTER (o.status = '{status}')" for status in STATUSES)
    query = AGGREGATE.format(directory=directory, counts=counts)
    with duckdb.connect() as database:
        return database.execute(query).fetchall()


def body(row: Row, feed: dict[str, Any] | None) -> Body:
    values: list[Body] = [
        _field("AMONITION_SELLER_ID", row[0]),
        _field("PHONE", row[1], enum_code="WORK"),
        _field("EMAIL", row[2], enum_code="WORK"),
        _field("ADDRESS", row[4]),
        _field("AMONITION_FEED_URL", feed and feed["feed_url"]),
        _field("AMONITION_FEED_ERRORS", feed and feed["errors_url"]),
        {"field_code": "AMONITION_CATEGORIES", "values": [{"value": each} for each in row[12]]},
    ]
    values += [_field(code, row[place]) for code, place in CODES]
    values += [
        _field(f"AMONITION_OFFERS_{status.upper()}", count)
        for status, count in zip(STATUSES, row[13:], strict=True)
    ]
    return {"name": row[3] or f"Продавец {row[0]}", "custom_fields_values": values}


def _field(code: str, value: Any, **sort: str) -> Body:
    return {
        "field_code": code,
        "values": None if value in (None, "") else [{"value": value, **sort}],
    }


async def feeds(client: httpx.AsyncClient, sellers: Sequence[str]) -> dict[str, Any]:
    found = {}
    for start in range(0, len(sellers), FEEDS_SIZE):
        asked = {"seller_ids": sellers[start : start + FEEDS_SIZE]}
        answer = await client.post("/api/v1/feeds/lookup", json=asked)
        answer.raise_for_status()
        found.update({item["seller_id"]: item for item in answer.json()["feeds"]})
    return found


def writes(bodies: Sequence[Body]) -> Iterator[Sequence[Body]]:
    for start in range(0, len(bodies), WRITE_SIZE):
        yield bodies[start : start + WRITE_SIZE]


async def send(command: str) -> int:
    """How many companies were written."""
    token = LongLivedToken(os.environ["AMOCRM_ACCESS_TOKEN"])
    directory = os.environ["WAREHOUSE_URL"].removeprefix("duckdb://")
    rows = aggregate(directory)
    headers = {"Authorization": f"Bearer {os.environ['FEEDS_TOKEN']}"}
    async with httpx.AsyncClient(
        base_url=os.environ["FEEDS_URL"], headers=headers, trust_env=False, timeout=TIMEOUT
    ) as client:
        found = await feeds(client, [row[0] for row in rows])
    bodies = [body(row, found.get(row[0])) for row in rows]
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as database:
        database.execute(
            "CREATE TABLE IF NOT EXISTS usual_companies (seller_id text PRIMARY KEY, company_id bigint)"
        )
        async with httpx.AsyncClient(trust_env=False, timeout=TIMEOUT) as http:
            amo = AmoCRMClient(
                base_url=os.environ["AMOCRM_URL"], auth=token, http=http, rate_limit=None
            )
            gate = asyncio.Semaphore(AT_ONCE)
            if command == "load":
                await _load(amo, database, gate, rows, bodies)
            else:
                await _hourly(amo, database, gate, rows, bodies)
    return len(bodies)


async def _load(
    amo: AmoCRMClient,
    database: psycopg.Connection,
    gate: asyncio.Semaphore,
    rows: Sequence[Row],
    bodies: Sequence[Body],
) -> None:
    async def one(sellers: Sequence[str], part: Sequence[Body]) -> None:
        async with gate:
            made = await amo.companies.create(part, batch_size=WRITE_SIZE)
        ids = [company.id for company in made]
        database.execute(
            "INSERT INTO usual_companies SELECT * FROM unnest(%s::text[], %s::bigint[])",
            [list(sellers), ids],
        )

    sellers = [row[0] for row in rows]
    starts = range(0, len(bodies), WRITE_SIZE)
    parts = zip(starts, writes(bodies), strict=True)
    await asyncio.gather(*(one(sellers[start : start + WRITE_SIZE], part) for start, part in parts))


async def _hourly(
    amo: AmoCRMClient,
    database: psycopg.Connection,
    gate: asyncio.Semaphore,
    rows: Sequence[Row],
    bodies: Sequence[Body],
) -> None:
    async def one(part: Sequence[Body]) -> None:
        async with gate:
            await amo.companies.update(part, batch_size=WRITE_SIZE)

    known: dict[str, int] = dict(
        database.execute("SELECT seller_id, company_id FROM usual_companies").fetchall()
    )
    changes = [{**each, "id": known[row[0]]} for row, each in zip(rows, bodies, strict=True)]
    await asyncio.gather(*(one(part) for part in writes(changes)))


def main() -> None:
    started = time.perf_counter()
    written = asyncio.run(send(sys.argv[1]))
    print(json.dumps({"written": written, "seconds": time.perf_counter() - started}))


if __name__ == "__main__":
    main()
