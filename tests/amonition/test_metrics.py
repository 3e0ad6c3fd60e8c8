import uuid
from datetime import timedelta

import pytest
import redis
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from amonition.database_metrics import CODES_SHOWN, measure
from clients.pacing import Lane
from companies.models import Company, CompanyDuplicate, CreateAttempt, Rejection, SellerSync
from crm.connection import pace
from operations import alerts, switches
from operations.models import Alert, Portion, Run, Switch
from tests.sharded import on_shards

MINUTE = timedelta(minutes=1)

pytestmark = [on_shards, pytest.mark.usefixtures("empty_redis")]


@pytest.fixture
def amocrm(empty_redis: redis.Redis, settings: Settings) -> None:
    """An account that only its limiter hears of."""
    settings.AMOCRM_URL = f"https://{uuid.uuid4().hex}.example"
    settings.AMOCRM_ACCESS_TOKEN = "token"


def scrape(client: Client) -> dict[str, float]:
    """Samples by name and label values, as `name` or `name/value/value`."""
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain; version=0.0.4")
    families = text_string_to_metric_families(answer.content.decode())
    return {
        "/".join([sample.name, *sample.labels.values()]): sample.value
        for family in families
        for sample in family.samples
    }


def run_in(state: Run.State, **values: object) -> Run:
    return Run.objects.create(kind="companies", trigger=Run.Trigger.SCHEDULE, state=state, **values)


def attempt(state: CreateAttempt.State, *, sent: timedelta | None = None) -> CreateAttempt:
    now = timezone.now()
    return CreateAttempt.objects.create(
        id=uuid.uuid4(),
        state=state,
        size=1,
        watermark=0,
        lease_until=now,
        sent_at=now - sent if sent else None,
    )


def seller(seller_id: str, state: SellerSync.State) -> SellerSync:
    return SellerSync(seller_id=seller_id, state=state)


def test_every_store_is_up(client: Client, amocrm: None) -> None:
    found = scrape(client)
    assert found["amonition_up/postgresql"] == 1
    assert found["amonition_up/broker"] == 1
    assert found["amonition_up/limiter"] == 1


def test_an_empty_service_has_figures_of_nought(client: Client) -> None:
    found = scrape(client)
    assert found["amonition_create_attempts/sent"] == 0
    assert found["amonition_create_attempt_oldest_seconds"] == 0
    assert found["amonition_company_duplicates"] == 0
    assert found["amonition_sellers/claimed"] == 0
    assert found["amonition_alert_open/flood_block"] == 0
    assert found["amonition_switch_on/push_paused"] == 0


def test_runs_are_counted_by_state(client: Client) -> None:
    run_in(Run.State.SKIPPED)
    run_in(Run.State.SKIPPED)
    run_in(Run.State.FAILED)
    found = scrape(client)
    assert found["amonition_runs/companies/skipped"] == 2
    assert found["amonition_runs/companies/failed"] == 1


def test_an_active_run_shows_the_sums_of_its_portions(client: Client) -> None:
    run = run_in(Run.State.WRITING)
    run_in(Run.State.SKIPPED)
    Run.objects.filter(pk=run.pk).update(heartbeat_at=timezone.now() - MINUTE)
    common = {"run": run, "start": 0, "stop": 500}
    Portion.objects.create(**common, ordinal=0, state="done", queried=500, created=3, updated=4)
    Portion.objects.create(**common, ordinal=1, state="parked", queried=500, created=10)
    Portion.objects.create(**common, ordinal=2, state="claimed", holder=uuid.uuid4())
    found = scrape(client)
    assert found["amonition_run_active/companies"] == 1
    assert found["amonition_run_silence_seconds/companies"] == pytest.approx(60, abs=5)
    assert found["amonition_run_items/companies/queried"] == 1000
    assert found["amonition_run_items/companies/created"] == 13
    assert found["amonition_run_items/companies/updated"] == 4
    assert found["amonition_run_items/companies/postponed"] == 0
    assert found["amonition_run_portions/companies/open"] == 0
    assert found["amonition_run_portions/companies/claimed"] == 1
    assert found["amonition_run_portions/companies/done"] == 1
    assert found["amonition_run_portions/companies/parked"] == 1


def test_a_run_that_ended_keeps_its_figures(client: Client) -> None:
    run_in(Run.State.DONE, finished_at=timezone.now() - MINUTE, created=7)
    found = scrape(client)
    assert found["amonition_run_active/companies"] == 0
    assert found["amonition_run_items/companies/created"] == 7
    assert found["amonition_run_done_age_seconds/companies"] == pytest.approx(60, abs=5)
    assert "amonition_run_silence_seconds/companies" not in found


def test_sellers_that_are_not_linked_are_counted(client: Client) -> None:
    SellerSync.objects.bulk_create(
        [
            seller("1", SellerSync.State.LINKED),
            seller("2", SellerSync.State.REJECTED),
            seller("3", SellerSync.State.REJECTED),
            seller("4", SellerSync.State.GONE),
        ]
    )
    found = scrape(client)
    assert found["amonition_sellers/rejected"] == 2
    assert found["amonition_sellers/gone"] == 1
    assert "amonition_sellers/linked" not in found


def test_sellers_are_counted_in_the_partial_index() -> None:
    with CaptureQueriesContext(connection) as queries:
        list(measure())
    (counting,) = [query["sql"] for query in queries if 'FROM "seller_sync"' in query["sql"]]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {counting}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "sellers_not_linked" in plan


def test_the_number_of_companies_is_an_estimate(client: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE companies")
    assert "amonition_companies" not in scrape(client), "nobody has looked at the table yet"
    Company.objects.create(seller_id="1", company_id="11")
    Company.objects.create(seller_id="2", company_id="12")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE companies")
    Company.objects.create(seller_id="3", company_id="13")
    assert scrape(client)["amonition_companies"] == 2


def test_open_attempts_are_shown_with_the_oldest_unknown(client: Client) -> None:
    attempt(CreateAttempt.State.PREPARED)
    attempt(CreateAttempt.State.SENT, sent=MINUTE)
    attempt(CreateAttempt.State.SENT, sent=5 * MINUTE)
    attempt(CreateAttempt.State.DONE, sent=60 * MINUTE)
    found = scrape(client)
    assert found["amonition_create_attempts/prepared"] == 1
    assert found["amonition_create_attempts/sent"] == 2
    assert found["amonition_create_attempt_oldest_seconds"] == pytest.approx(300, abs=5)


def test_only_the_most_frequent_rejections_are_shown(client: Client) -> None:
    rare = [f"Rare{number}" for number in range(CODES_SHOWN)]
    Rejection.objects.bulk_create(
        Rejection(seller_id=str(number), what="create", code=code, detail="")
        for number, code in enumerate([*rare, "Frequent", "Frequent"])
    )
    shown = {name: n for name, n in scrape(client).items() if name.startswith("amonition_rej")}
    assert len(shown) == CODES_SHOWN
    assert shown["amonition_rejections/Frequent"] == 2


def test_a_resolved_duplicate_does_not_count(client: Client) -> None:
    CompanyDuplicate.objects.create(seller_id="1", company_id="11", how="read_back")
    CompanyDuplicate.objects.create(
        seller_id="1", company_id="12", how="read_back", resolved_at=timezone.now()
    )
    assert scrape(client)["amonition_company_duplicates"] == 1


def test_alerts_and_switches_are_shown_while_they_last(client: Client) -> None:
    alerts.raise_alert(kind=Alert.Kind.DUPLICATE, text="")
    alerts.raise_alert(kind=Alert.Kind.FLOOD_BLOCK, text="")
    alerts.recover(kind=Alert.Kind.FLOOD_BLOCK)
    switches.turn(key=Switch.Key.PUSH_PAUSED, on=True, who="test")
    switches.turn(key=Switch.Key.CREATION_CLOSED, on=False, who="test")
    found = scrape(client)
    assert found["amonition_alert_open/duplicate"] == 1
    assert found["amonition_alert_open/flood_block"] == 0
    assert found["amonition_switch_on/push_paused"] == 1
    assert found["amonition_switch_on/creation_closed"] == 0


def test_waiting_messages_are_counted_by_queue(client: Client, empty_redis: redis.Redis) -> None:
    empty_redis.lpush("bulk", "a message", "another one")
    found = scrape(client)
    assert found["amonition_queue_messages/bulk"] == 2
    assert found["amonition_queue_messages/interactive"] == 0
    assert found["amonition_queue_messages/maintenance"] == 0
    assert found["amonition_queue_messages/organizations"] == 0


def test_the_limiter_shows_what_it_has_given_out(client: Client, amocrm: None) -> None:
    assert scrape(client)["amonition_limiter_open"] == 0, "nobody has opened it yet"
    pace().open(after_seconds=0)
    slot = pace().reserve(Lane.INTERACTIVE, patience=1)
    pace().burn(slot)
    found = scrape(client)
    assert found["amonition_limiter_open"] == 1
    assert found["amonition_limiter_speed_ratio"] == 1
    assert found["amonition_limiter_granted_total/interactive"] == 1
    assert found["amonition_limiter_granted_total/bulk"] == 0
    assert found["amonition_limiter_burned_total"] == 1


def test_the_limiter_shows_trouble(client: Client, amocrm: None) -> None:
    pace().open(after_seconds=0)
    pace().slow_down(60)
    found = scrape(client)
    assert found["amonition_limiter_frozen_seconds"] == pytest.approx(60, abs=5)
    assert found["amonition_limiter_rate_limited_total"] == 1
    assert found["amonition_limiter_bulk_slowed_seconds"] == 0
    pace().slow_bulk(seconds=30)
    slowed = scrape(client)["amonition_limiter_bulk_slowed_seconds"]
    assert slowed == pytest.approx(30, abs=5)
    assert found["amonition_limiter_blocked"] == 0
    pace().close("403")
    assert scrape(client)["amonition_limiter_blocked"] == 1


def test_without_an_account_there_is_no_limiter(client: Client) -> None:
    assert not [name for name in scrape(client) if name.startswith("amonition_limiter")]


def test_redis_away_costs_only_what_redis_knows(
    client: Client, amocrm: None, redis_away: None
) -> None:
    found = scrape(client)
    assert found["amonition_up/broker"] == 0
    assert found["amonition_up/limiter"] == 0
    assert found["amonition_up/postgresql"] == 1
    assert "amonition_switch_on/push_paused" in found
    assert "amonition_queue_messages/bulk" not in found
