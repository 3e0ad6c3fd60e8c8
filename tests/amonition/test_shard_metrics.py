"""What /metrics says of shards and of the Directory's events."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from ads.shards import use_shard
from operations import counters
from organizations.models import StatusCursor, StatusEvent, StatusTopic
from tests.amonition.test_metrics import scrape
from tests.organizations.shard_away import away
from tests.organizations.status_events import happened
from tests.sharded import committed_on_shards, on_shards

pytestmark = pytest.mark.usefixtures("empty_redis")


@on_shards
def test_each_shard_has_a_lag_of_its_own(client: Client) -> None:
    first, _ = happened(31, published=True), happened(32, published=True)
    StatusEvent.objects.update(received_at=timezone.now() - timedelta(minutes=1))
    with use_shard(1):
        StatusCursor.objects.create(name="status_changes", position=first.pk)
    found = scrape(client)
    assert found["amonition_status_lag_events/1"] == 1
    assert found["amonition_status_lag_events/2"] == 2
    assert found["amonition_status_lag_seconds/1"] == pytest.approx(60, abs=5)
    assert found["amonition_shard_up/1"] == found["amonition_shard_up/2"] == 1
    StatusEvent.objects.all().delete()
    assert scrape(client)["amonition_status_lag_seconds/2"] == 0


@committed_on_shards
def test_a_shard_that_is_away_costs_the_others_nothing(client: Client) -> None:
    with away("shard2"):
        found = scrape(client)
    assert found["amonition_shard_up/1"] == 1
    assert found["amonition_shard_up/2"] == 0
    assert found["amonition_status_lag_events/1"] == 0
    assert "amonition_status_lag_events/2" not in found
    assert found["amonition_up/shards"] == 1


@on_shards
def test_what_was_received_is_counted(client: Client) -> None:
    assert scrape(client)["amonition_status_events_total/new"] == 0
    assert scrape(client)["amonition_status_dead_letters_total"] == 0
    counters.add({"status_events:new": 3, "status_dead_letters": 2})
    found = scrape(client)
    assert found["amonition_status_events_total/new"] == 3
    assert found["amonition_status_dead_letters_total"] == 2


@on_shards
def test_a_topic_that_nobody_reads_is_silent(client: Client) -> None:
    StatusTopic.objects.create(name="topic", polled_at=timezone.now() - timedelta(minutes=1))
    silence = scrape(client)["amonition_status_topic_silence_seconds/topic"]
    assert silence == pytest.approx(60, abs=5)
