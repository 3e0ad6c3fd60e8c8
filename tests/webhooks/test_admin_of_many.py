"""The admin's lists of two weeks of webhooks: a handful of statements, each by an index."""

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from tests.explaining import page_plans

ROWS = 40_000
MOST_STATEMENTS = 6
MOST_BLOCKS = 1_500  # a thousand rows are counted, each in a block of its own at worst
MOST_BLOCKS_SEARCHED = 100  # a card's few rows; the indexes have some 300
# Committed, so that TRUNCATE takes the rows away at the end and leaves nothing behind.
pytestmark = pytest.mark.django_db(transaction=True)

# One event in three thousand waits, every card has five; every body is a kilobyte.
FILL = (
    """
INSERT INTO webhooks_event (
    id, door, entity, action, entity_id, by_button, item, times, state, subject, reason, error,
    attempts, received_at)
SELECT n, (ARRAY['lead-status', 'company-refresh', 'company-feed'])[1 + n %% 3], 'company',
       'update', 20000000 + n %% (%(rows)s / 5), false, jsonb_build_object('name', repeat('x', 400)),
       1, CASE WHEN n %% 1000 = 0 AND n %% 3 = 0 THEN 'waiting' ELSE 'done' END, '', 'Обновлена', '',
       1, now() - n * interval '10 s'
FROM generate_series(1, %(rows)s) n
""",
    """
INSERT INTO webhooks_note (event_id, entity, entity_id, text, state, attempts)
SELECT id, entity, entity_id, 'Обновлена', 'done', 1 FROM webhooks_event
""",
    """
INSERT INTO webhooks_transfer (
    lead_id, ordinal, state, profile_url, phone, idempotency_key, transfer_id, reason, closed_at)
SELECT 30000000 + n / 2, 1 + n %% 2, 'accepted', 'https://www.avito.ru/user/' || n, '+79001234567',
       n::text, n::text, '', now()
FROM generate_series(1, %(rows)s) n
""",
    """
INSERT INTO webhooks_delivery (id, door, body, digest, headers, state, reason, received_at)
SELECT gen_random_uuid(), 'lead-status', repeat('x', 1000)::bytea, '', '{}',
       CASE WHEN n %% 1000 = 0 THEN 'invalid' ELSE 'read' END, '', now() - n * interval '10 s'
FROM generate_series(1, %(rows)s) n
""",
)
PAGES = {
    "event": ["", "?q=20000077", "?q=33333", "?state__exact=waiting", "?state__exact=done",
              "?door__exact=lead-status", "?by_button__exact=0"],
    "note": ["", "?q=20000077"],
    "transfer": ["", "?q=30000077", "?state__exact=accepted"],
    "delivery": ["", "?state__exact=read", "?state__exact=stored"],
}  # fmt: skip


@pytest.fixture
def operator(transactional_db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create(username="olga", is_staff=True, is_superuser=True))
    return client


def test_lists_of_many_rows_open_by_index(operator: Client) -> None:
    with connection.cursor() as cursor:
        for statement in FILL:
            cursor.execute(statement, {"rows": ROWS})
        for model in PAGES:
            cursor.execute(f"ANALYZE webhooks_{model}")
    for model, pages in PAGES.items():
        for asked in pages:
            table, path = f"webhooks_{model}", f"/admin/webhooks/{model}/{asked}"
            *others, rows = page_plans(operator, path, table=table, most_statements=MOST_STATEMENTS)
            assert rows.indexes, rows.sql
            assert "Seq Scan" not in rows.nodes, rows.sql
            most = MOST_BLOCKS_SEARCHED if "?q=" in asked else MOST_BLOCKS
            for plan in (*others, rows):
                assert plan.blocks <= most, plan.sql
