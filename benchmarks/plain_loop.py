"""The plainest script: a request for each company, with `requests`.

    python -m benchmarks.plain_loop --companies 500

Works on the first sellers of the snapshot only; what more of them would take is proportional.
Run by benchmarks.throughput, in the environment of its world.
"""

import argparse
import json
import os
import time

import psycopg
import requests

from benchmarks.usual_script import aggregate, body

TIMEOUT = 30.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--companies", type=int, default=500)
    given = parser.parse_args()
    directory = os.environ["WAREHOUSE_URL"].removeprefix("duckdb://")
    rows = aggregate(directory)[: given.companies]
    url = f"{os.environ['AMOCRM_URL']}/api/v4/companies"
    started = time.perf_counter()
    with (
        psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as database,
        requests.Session() as session,
    ):
        session.trust_env = False
        session.headers["Authorization"] = f"Bearer {os.environ['AMOCRM_ACCESS_TOKEN']}"
        database.execute(
            "CREATE TABLE plain_companies (seller_id text PRIMARY KEY, company_id text)"
        )
        for row in rows:
            answer = session.post(url, json=[body(row, None)], timeout=TIMEOUT)
            answer.raise_for_status()
            company = answer.json()["_embedded"]["companies"][0]["id"]
            database.execute("INSERT INTO plain_companies VALUES (%s, %s)", [row[0], company])
    print(json.dumps({"written": len(rows), "seconds": time.perf_counter() - started}))


if __name__ == "__main__":
    main()
