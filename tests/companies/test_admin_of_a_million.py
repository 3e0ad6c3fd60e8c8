"""The admin's lists of a million rows: a handful of statements, each by an index."""

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from tests.explaining import page_plans

ROWS = 1_000_000
MOST_STATEMENTS = 6
MOST_BLOCKS = 2_000  # a thousand rows are counted; the tables have some 7,000 blocks
# Committed, so that TRUNCATE takes the rows away at the end and leaves nothing behind.
pytestmark = pytest.mark.django_db(transaction=True)

COMPANIES = """
INSERT INTO companies (seller_id, company_id, linked_at)
SELECT 's' || lpad(n::text, 7, '0'), (10000000 + n)::text, now()
FROM generate_series(1, %s) n
"""
# One in a thousand is not linked.
SELLERS = """
INSERT INTO seller_sync (seller_id, state)
SELECT 's' || lpad(n::text, 7, '0'), CASE WHEN n %% 1000 = 0 THEN 'x' ELSE 'k' END
FROM generate_series(1, %s) n
"""


@pytest.fixture
def operator(transactional_db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create(username="olga", is_staff=True, is_superuser=True))
    return client


def check(client: Client, path: str, *, table: str) -> None:
    *others, rows = page_plans(client, path, table=table, most_statements=MOST_STATEMENTS)
    assert rows.indexes, rows.sql
    assert "Seq Scan" not in rows.nodes, rows.sql
    for plan in (*others, rows):
        assert plan.blocks <= MOST_BLOCKS, plan.sql


def test_list_of_a_million_companies_opens_by_index(operator: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute(COMPANIES, [ROWS])
        cursor.execute("ANALYZE companies")
    for asked in ("", "?q=s0777777", "?q=10777777", "?p=10"):
        check(operator, f"/admin/companies/company/{asked}", table="companies")


def test_list_of_a_million_sellers_opens_by_index(operator: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute(SELLERS, [ROWS])
        cursor.execute("ANALYZE seller_sync")
    for asked in ("", "?q=s0777777", "?state__exact=x", "?state__exact=k"):
        check(operator, f"/admin/companies/sellersync/{asked}", table="seller_sync")
