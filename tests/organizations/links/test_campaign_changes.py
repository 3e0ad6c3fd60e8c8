"""Changes of large campaigns: rows are the queue, workers may die, everything may come twice."""

from collections.abc import Iterator
from typing import Any

import pytest
from celery import current_app
from django.db import connections
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from ads import shards
from ads.models import Banner
from ads.shards import use_shard
from operations import doorbell
from organizations import applying, campaign_changes, campaign_links, tasks
from organizations.campaign_changes import LostError
from organizations.models import BannerPermalink, CampaignChange, CampaignPermalink
from organizations.refusals import LinkRefusedError
from organizations.wishes import NOTHING, Linked, Wish
from tests.organizations.links.office import (
    CHAIN,
    COUNTERS,
    ONE,
    OTHER,
    OWNER,
    SHARD,
    Office,
    everything,
)
from tests.organizations.status_events import happened
from tests.sharded import on_shards

pytestmark = on_shards

MANY = campaign_links.MOST_AT_ONCE + 1
BEGAN = "UPDATE campaign_changes SET leased_until = clock_timestamp() - interval '1 second'"
REFUSE = """
CREATE FUNCTION pg_temp.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE 'refused by the test'; END $$;
CREATE TRIGGER refuse BEFORE INSERT ON campaign_permalinks
FOR EACH ROW EXECUTE FUNCTION pg_temp.refuse();
"""
LAY = "UPDATE campaign_changes SET created_at = clock_timestamp() - interval '1 hour'"


@pytest.fixture(autouse=True)
def queue() -> Iterator[None]:
    """An empty one, before and after."""
    empty()
    yield
    empty()


@pytest.fixture
def large(office: Office) -> Office:
    """With one banner more than is done at once; one of them has another organization."""
    fill(office, MANY)
    office.link(OTHER)
    return office


def fill(office: Office, banners: int) -> None:
    first = 10_000_000 + office.cid * 10_000  # unlike all others
    with use_shard(SHARD):
        Banner.objects.bulk_create(
            Banner(bid=first + number, campaign_id=office.cid, banner_type="text")
            for number in range(banners - 1)
        )


def empty() -> None:
    with current_app.connection_for_write() as broker:
        channel: Any = broker.default_channel  # kombu's types know only its abstract base
        channel.queue_declare("organizations")
        channel.queue_purge("organizations")


def order(office: Office, permalink: int | None = ONE, **wish: Any) -> CampaignChange:
    return campaign_links.set_organization(
        client_id=office.client_id,
        cid=office.cid,
        wish=Wish(permalink, **wish),
        actor=OWNER,
        directory=office.directory,
    )


def work(change: CampaignChange) -> None:
    """As a worker does."""
    tasks.apply_campaign_change(SHARD, change.pk)


def claim(change: CampaignChange) -> None:
    """As a worker does that dies then."""
    with use_shard(SHARD):
        campaign_changes._claim(change.pk)


def seen(office: Office, change: CampaignChange) -> CampaignChange:
    return campaign_links.change(client_id=office.client_id, change_id=change.pk)


def linked(office: Office) -> int:
    """Banners of the campaign with its first organization."""
    with use_shard(SHARD):
        links = BannerPermalink.objects.filter(permalink=ONE, permalink_assign_type="manual")
        return links.count()


def say(statement: str) -> None:
    with connections["shard2"].cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.requirement("R42")
def test_a_large_campaign_is_left_to_a_worker(large: Office) -> None:
    assert campaign_links.forecast(client_id=large.client_id, cid=large.cid, wish=Wish(ONE)).later
    change = order(large)
    assert (change.state, linked(large), large.manual()) == ("waiting", 0, [OTHER])
    assert campaign_links.current(client_id=large.client_id, cid=large.cid) == NOTHING
    assert doorbell.unheard(queue="organizations") == 1
    assert large.asked_by(lambda: work(change)) == {}
    done = seen(large, change)
    assert (done.state, done.banners, linked(large)) == ("done", MANY, MANY)
    assert campaign_links.current(client_id=large.client_id, cid=large.cid) == Linked(ONE)
    assert large.organizations()[ONE] == (CHAIN, "published")
    assert large.counters() == {COUNTERS[ONE]}
    assert large.sent() == (2, 2)


def test_a_change_that_comes_again_changes_nothing(large: Office) -> None:
    change = order(large)
    work(change)
    before = everything()
    work(change)
    assert everything() == before


@pytest.mark.requirement("R44")
def test_unlinking_is_left_to_a_worker_too(large: Office) -> None:
    work(order(large))
    large.link(OTHER)
    change = order(large, None)
    assert change.state == "waiting"
    work(change)
    assert (seen(large, change).banners, linked(large)) == (MANY - 1, 0)
    assert large.manual() == [OTHER]
    assert large.counters() == {COUNTERS[OTHER]}


def test_a_second_change_waits_for_the_first(large: Office) -> None:
    change = order(large)
    with pytest.raises(LinkRefusedError) as raised:
        order(large, OTHER)
    assert raised.value.code == "campaign.too_many_changes"
    work(change)
    assert order(large, OTHER).state == "waiting"


def test_what_nobody_has_begun_is_rung(large: Office) -> None:
    change = order(large)
    empty()
    assert campaign_changes.sweep() == 0  # its own ring may still be heard
    say(LAY)
    assert campaign_changes.sweep() == 1
    assert doorbell.unheard(queue="organizations") == 1
    assert campaign_changes.sweep() == 0  # it is in the queue
    work(change)
    empty()
    assert campaign_changes.sweep() == 0


def test_what_a_dead_worker_had_is_done_by_another(large: Office) -> None:
    change = order(large)
    claim(change)
    dead = seen(large, change)
    assert (dead.state, dead.attempts) == ("running", 1)
    work(change)  # its lease has not run out
    empty()
    assert campaign_changes.sweep() == 0
    assert linked(large) == 0
    say(BEGAN)
    assert campaign_changes.sweep() == 1
    work(change)
    assert (seen(large, change).attempts, linked(large)) == (2, MANY)


def test_whose_lease_ran_out_commits_nothing(large: Office) -> None:
    change = order(large)
    claim(change)
    slow = seen(large, change)
    say(BEGAN)
    claim(change)
    before = everything()
    with use_shard(SHARD), pytest.raises(LostError), shards.atomic():
        campaign_changes.apply(slow)
    assert everything() == before


def test_a_change_is_tried_so_often_and_no_more(large: Office) -> None:
    """Each try fails at its end, and leaves nothing."""
    change = order(large)
    say(REFUSE)
    for attempt in range(1, campaign_changes.MOST_ATTEMPTS + 1):
        work(change)
        tried = seen(large, change)
        assert (tried.state, tried.attempts) == ("waiting", attempt)
        assert "by the test" in tried.reason
    work(change)
    assert seen(large, change).attempts == campaign_changes.MOST_ATTEMPTS
    empty()
    say(LAY)
    assert campaign_changes.sweep() == 0
    failed = seen(large, change)
    assert (failed.state, linked(large), large.manual()) == ("failed", 0, [OTHER])
    assert "by the test" in failed.reason
    assert order(large).state == "waiting"


def test_one_whose_workers_all_died_is_given_up(large: Office) -> None:
    change = order(large)
    for _ in range(campaign_changes.MOST_ATTEMPTS):
        claim(change)
        say(BEGAN)
    empty()
    assert campaign_changes.sweep() == 0
    failed = seen(large, change)
    assert (failed.state, failed.reason) == ("failed", campaign_changes.DIED)


def test_a_campaign_that_was_linked_elsewhere_is_left_alone(large: Office) -> None:
    change = order(large)
    with use_shard(SHARD):
        CampaignPermalink.objects.create(cid=large.cid, permalink=OTHER)
    work(change)
    failed = seen(large, change)
    assert (failed.state, linked(large)) == ("failed", 0)
    assert "изменил кто-то другой" in failed.reason


@pytest.mark.requirement("C15")
def test_an_event_since_the_directory_was_read_wins(large: Office) -> None:
    change = order(large)
    with use_shard(SHARD):
        happened(ONE, published=False)
        applying.apply_next(most=10)
    work(change)
    assert large.organizations()[ONE] == (CHAIN, "unpublished")


@pytest.mark.requirement("R42")
@pytest.mark.parametrize("banners", [5, 50])
def test_statements_do_not_grow_with_banners(
    office: Office, settings: Settings, banners: int
) -> None:
    fill(office, banners)
    office.link(OTHER)
    change = campaign_links._change(office.client_id, office.cid, Wish(ONE), NOTHING, OWNER)
    with use_shard(SHARD):
        campaign_links._keep(change, campaign_links._ask(change, office.directory))
        campaign_changes.open_change(change)
        with CaptureQueriesContext(connections["shard2"]) as captured:
            campaign_changes.apply(change)
    sent = [each["sql"] for each in captured if "SAVEPOINT" not in each["sql"]]
    assert (linked(office), len(sent)) == (banners, 10)
