"""What /metrics tells of amoCRM's webhooks."""

import re
import uuid
from datetime import timedelta

import pytest
import redis
from django.db import connection
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from amonition import webhook_metrics
from operations import counters
from tests.amonition.test_metrics import scrape
from tests.sharded import on_shards
from webhooks import selectors, spool
from webhooks.models import Delivery, Door, Event, Note, Transfer
from webhooks.selectors import MOST_ERRORS

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)

# Partial indexes, that of a card's events, and that of transfers' days.
OF_WHAT_IS_OPEN = {
    "deliveries_to_read", "one_waiting_per_body", "events_to_handle", "one_waiting_per_company",
    "notes_to_leave", "transfers_by_age", "events_of_a_card", "events_in_work",
    "dead_events_by_error", "transfers_unsettled",
}  # fmt: skip

pytestmark = [on_shards, pytest.mark.usefixtures("empty_redis")]


def request(state: Delivery.State = Delivery.State.STORED, *, age: timedelta = MINUTE) -> None:
    came = timezone.now() - age
    Delivery.objects.create(
        id=uuid.uuid4(), door=Door.LEAD_STATUS, body=b"", digest=uuid.uuid4().bytes, state=state,
        received_at=came, due_at=came + timedelta(seconds=30),
    )  # fmt: skip


def event(number: int, *, age: timedelta = MINUTE, **values: object) -> Event:
    given: dict[str, object] = {
        "door": Door.LEAD_STATUS,
        "entity": "lead",
        "action": "status",
        "entity_id": number,
        "received_at": timezone.now() - age,
    }
    return Event.objects.create(**given | values)


def transfer(number: int, state: Transfer.State, *, age: timedelta = MINUTE) -> None:
    Transfer.objects.create(
        lead_id=number, ordinal=1, state=state, idempotency_key=str(number),
        opened_at=timezone.now() - age,
    )  # fmt: skip


def test_a_service_without_webhooks_has_figures_of_nought(client: Client) -> None:
    found = scrape(client)
    for name in ("requests_waiting", "request_oldest_seconds", "request_overdue_seconds",
                 "event_oldest_seconds", "event_overdue_seconds", "spooled", "events_open/waiting",
                 "notes_open/planned", "transfers_day/accepted", "transfers_unsettled/unknown",
                 "wrong_secret_total", "requests_total/invalid", "events_total/echo",
                 "handled_total/company-feed/refused"):  # fmt: skip
        assert found[f"amonition_webhooks_{name}"] == 0


def test_requests_that_wait_are_shown_with_the_oldest(client: Client) -> None:
    request(age=5 * MINUTE)
    request()
    request(Delivery.State.READ, age=HOUR)
    found = scrape(client)
    assert found["amonition_webhooks_requests_waiting"] == 2
    assert found["amonition_webhooks_request_oldest_seconds"] == pytest.approx(300, abs=5)
    assert found["amonition_webhooks_request_overdue_seconds"] == pytest.approx(270, abs=5)


def test_requests_that_no_database_took_are_counted(
    client: Client, empty_redis: redis.Redis
) -> None:
    assert spool.push(uuid.uuid4(), b"a body")
    assert spool.push(uuid.uuid4(), b"another body")
    assert scrape(client)["amonition_webhooks_spooled"] == 2


def test_open_events_are_shown_with_the_oldest(client: Client) -> None:
    now = timezone.now()
    event(1, age=10 * MINUTE, not_before=now - 2 * MINUTE)
    event(2, not_before=now + HOUR)
    event(3, state=Event.State.WORKING, lease_until=now + HOUR)
    event(4, age=HOUR, state=Event.State.DONE)
    found = scrape(client)
    assert found["amonition_webhooks_events_open/waiting"] == 2
    assert found["amonition_webhooks_events_open/working"] == 1
    assert found["amonition_webhooks_event_oldest_seconds"] == pytest.approx(600, abs=5)
    assert found["amonition_webhooks_event_overdue_seconds"] == pytest.approx(120, abs=5)


def test_dead_events_are_counted_by_their_error(client: Client) -> None:
    rare = [f"Rare{number}" for number in range(MOST_ERRORS)]
    for number, error in enumerate([*rare, "TransientError", "TransientError"]):
        event(number, state=Event.State.DEAD, error=error)
    event(1_000, error="TransientError")
    shown = {
        name: figure
        for name, figure in scrape(client).items()
        if name.startswith("amonition_webhooks_events_dead")
    }
    assert len(shown) == MOST_ERRORS
    assert shown["amonition_webhooks_events_dead/TransientError"] == 2


def test_notes_that_wait_are_counted(client: Client) -> None:
    for number, state in enumerate(["planned", "planned", "sent", "done", "given_up"]):
        made = event(number)
        Note.objects.create(event=made, entity="lead", entity_id=number, text="", state=state)
    found = scrape(client)
    assert found["amonition_webhooks_notes_open/planned"] == 2
    assert found["amonition_webhooks_notes_open/sent"] == 1
    assert "amonition_webhooks_notes_open/done" not in found


def test_transfers_of_a_day_and_those_without_an_outcome_are_counted(client: Client) -> None:
    transfer(1, Transfer.State.ACCEPTED)
    transfer(2, Transfer.State.ACCEPTED, age=25 * HOUR)
    transfer(3, Transfer.State.UNKNOWN, age=25 * HOUR)
    transfer(4, Transfer.State.UNKNOWN)
    found = scrape(client)
    assert found["amonition_webhooks_transfers_day/accepted"] == 1
    assert found["amonition_webhooks_transfers_day/unknown"] == 1
    assert found["amonition_webhooks_transfers_unsettled/unknown"] == 2
    assert found["amonition_webhooks_transfers_unsettled/requested"] == 0


def test_counters_are_families_with_labels(client: Client) -> None:
    counters.add(
        {
            "webhooks_events:echo": 3,
            "webhooks_handled:company-feed:refused": 2,
            "webhooks_wrong_secret": 5,
            "something_new": 7,
            "something_else:of:a:kind": 8,
        }
    )
    found = scrape(client)
    assert found["amonition_webhooks_events_total/echo"] == 3
    assert found["amonition_webhooks_events_total/request"] == 0
    assert found["amonition_webhooks_handled_total/company-feed/refused"] == 2
    assert found["amonition_webhooks_handled_total/company-feed/done"] == 0
    assert found["amonition_webhooks_wrong_secret_total"] == 5
    assert found["amonition_something_new_total"] == 7
    assert found["amonition_something_else_total/of:a:kind"] == 8


def test_counters_are_typed_as_such(client: Client) -> None:
    families = text_string_to_metric_families(client.get("/metrics").content.decode())
    types = {family.name: family.type for family in families}
    assert types["amonition_webhooks_events"] == "counter"
    assert types["amonition_webhooks_wrong_secret"] == "counter"
    assert types["amonition_webhooks_events_open"] == "gauge"


@pytest.mark.parametrize(
    "statement",
    [
        webhook_metrics.REQUESTS,
        webhook_metrics.EVENTS,
        webhook_metrics.NOTES,
        webhook_metrics.TRANSFERS,
        webhook_metrics.UNSETTLED,
        selectors.OVERDUE,
        selectors.DEAD,
    ],
)
def test_figures_come_from_indexes_of_what_is_open(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {statement}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    used = set(re.findall(r"Index (?:Only )?Scan (?:using|on) (\w+)", plan))
    assert used
    assert used <= OF_WHAT_IS_OPEN
    assert "Seq Scan" not in plan
