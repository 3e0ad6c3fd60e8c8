"""What beat and /metrics ask every few seconds of two weeks of webhooks, a part of which waits."""

from collections.abc import Mapping

import pytest
from django.db import connection

from amonition import webhook_metrics
from tests.explaining import plan
from webhooks import selectors

ROWS = 60_000
MOST_BLOCKS = 50  # of some 9,000
# Committed, so that TRUNCATE takes the rows away at the end and leaves nothing behind.
pytestmark = pytest.mark.django_db(transaction=True)

# A third of the events waits, most of them behind earlier ones of their card; a few have died.
FILL = (
    """
INSERT INTO webhooks_event (
    id, door, entity, action, entity_id, by_button, item, times, state, subject, reason, error,
    attempts, received_at, not_before, lease_until)
SELECT n, 'lead-status', 'lead', 'status', 20000000 + n %% (%(rows)s / 20), false,
       jsonb_build_object('name', repeat('x', 400)), 1,
       CASE WHEN n %% 3 = 0 THEN CASE WHEN n %% 3000 = 0 THEN 'working' ELSE 'waiting' END
            WHEN n %% 3000 = 1 THEN 'dead' ELSE 'done' END,
       '', '', CASE WHEN n %% 3000 = 1 THEN 'TransientError' ELSE '' END, 1,
       now() - n * interval '10 s', now() - (%(rows)s - n) * interval '1 s',
       CASE WHEN n %% 3000 = 0 THEN now() + interval '60 s' END
FROM generate_series(1, %(rows)s) n
""",
    """
INSERT INTO webhooks_transfer (
    lead_id, ordinal, state, profile_url, phone, idempotency_key, transfer_id, reason, closed_at)
SELECT 30000000 + n, 1, CASE WHEN n %% 3000 = 0 THEN 'unknown' ELSE 'accepted' END, '', '', n::text,
       '', '', now()
FROM generate_series(1, %(rows)s) n
""",
)
EXPECTED: Mapping[str, frozenset[str]] = {
    selectors.DEAD: frozenset({"dead_events_by_error"}),
    webhook_metrics.UNSETTLED: frozenset({"transfers_unsettled"}),
    selectors.OVERDUE: frozenset({"events_in_work", "events_to_handle"}),
}


def test_figures_are_read_from_what_they_are_about() -> None:
    with connection.cursor() as cursor:
        for statement in FILL:
            cursor.execute(statement, {"rows": ROWS})
        for table in ("event", "transfer"):
            cursor.execute(f"VACUUM ANALYZE webhooks_{table}")
    for statement, indexes in EXPECTED.items():
        found = plan(statement)
        assert indexes <= found.indexes, (found.indexes, statement)
        assert "Seq Scan" not in found.nodes, statement
        assert found.blocks <= MOST_BLOCKS, (found.blocks, statement)
