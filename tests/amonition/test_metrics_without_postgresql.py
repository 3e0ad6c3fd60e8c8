"""Apart from the others, which need the test database."""

import pytest
from django.test import Client

from tests.amonition.test_metrics import scrape


@pytest.mark.usefixtures("empty_redis", "postgresql_away")
def test_postgresql_away_costs_only_what_postgresql_knows(client: Client) -> None:
    found = scrape(client)
    assert found["amonition_up/postgresql"] == 0
    assert found["amonition_up/broker"] == 1
    assert found["amonition_queue_messages/bulk"] == 0
    assert "amonition_switch_on/push_paused" not in found
