"""The client that is handed out, and what is counted of its calls for all processes."""

import logging
from collections.abc import Iterator
from contextlib import nullcontext, suppress

import pytest
import redis
from django.conf import settings as django_settings
from django.test import Client
from pytest_django import Settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from clients.directory.fields import Field
from clients.errors import ServiceError
from clients.hedging.budget import EARNED, MOST, budget_of
from clients.hedging.unavailable import UnavailableError
from organizations import connection, figures
from organizations.connection import directory
from tests.amonition.test_metrics import scrape
from tests.clients.directory.conftest import TOKEN, Emulated
from tests.processes import python
from tests.sharded import on_shards

STATUS = {Field.PUBLISHING_STATUS}
FORKED = """
import os, django
django.setup()
from organizations.connection import directory
ours = directory()
assert list(ours.preview([7])) == [7]
child = os.fork()
if child == 0:
    theirs = directory()
    os._exit(0 if theirs is not ours and list(theirs.preview([7])) == [7] else 1)
assert os.waitpid(child, 0)[1] == 0
assert directory() is ours
print("both were answered")
"""


@pytest.fixture
def counted(emulated: Emulated) -> Iterator[redis.Redis]:
    """The tests' Redis, with nothing counted yet."""
    connection.close()
    with redis.Redis.from_url(django_settings.REDIS_URL) as server:
        server.delete(figures.KEY)
        yield server


def test_a_process_has_one(emulated: Emulated) -> None:
    assert directory() is directory()


def test_a_forked_child_makes_its_own_and_a_process_counts_when_it_ends(
    counted: redis.Redis, emulated: Emulated
) -> None:
    emulated.put(7)
    ended = python("-c", FORKED, DIRECTORY_URL=emulated.server.url, DIRECTORY_TOKEN=TOKEN)
    assert ended.stdout == "both were answered\n", ended.stderr
    assert figures.totals(counted)["attempts:single:first"] >= 1


def test_without_a_url_calls_are_unavailable(emulated: Emulated, settings: Settings) -> None:
    settings.DIRECTORY_URL = ""
    with pytest.raises(UnavailableError) as caught:
        directory().preview([7])
    assert "DIRECTORY_URL is not set" in str(caught.value.__cause__)


@pytest.mark.requirement("C6")
@pytest.mark.parametrize("looks_up", [True, False])
def test_the_single_look_up_of_what_bulk_left_out_is_a_setting(
    emulated: Emulated, settings: Settings, *, looks_up: bool
) -> None:
    settings.RESTORE_WITH_SINGLE_LOOKUP = looks_up
    emulated.put(1)
    emulated.put(2, head_permalink=1)
    found = directory().bulk([2], fields=STATUS)
    assert {each.publishing_status for each in found.values()} == (
        {"DUPLICATE"} if looks_up else set()
    )


@pytest.mark.requirement("C7")
@pytest.mark.parametrize(("honours", "tries"), [(True, 2), (False, 1)])
def test_a_creation_is_repeated_only_where_keys_are_honoured(
    emulated: Emulated, settings: Settings, *, honours: bool, tries: int
) -> None:
    settings.DIRECTORY_HONOURS_KEYS = honours
    permalink = 300 + tries  # a failure leaves the flight of its own to expire
    emulated.put(permalink)
    emulated.script({"kind": "status", "status": 500}, endpoint="create-metrika")
    with suppress(ServiceError) if not honours else nullcontext():
        directory().counters([permalink])
    assert emulated.asked()["create-metrika"] == tries


@on_shards
def test_attempts_hedges_and_seconds_are_on_the_metrics_page(
    counted: redis.Redis, emulated: Emulated, client: Client
) -> None:
    emulated.put(5)
    emulated.script({"kind": "hang"}, endpoint="single")
    emulated.script({"kind": "status", "status": 500}, endpoint="bulk")
    directory().preview([5])
    directory().bulk([5])
    connection.close()
    found = scrape(client)
    assert found["amonition_directory_attempts_total/single/first"] == 1
    assert found["amonition_directory_attempts_total/single/hedge"] == 1
    assert found["amonition_directory_attempts_total/bulk/retry"] == 1
    assert found["amonition_directory_hedge_won_total/single"] == 1
    assert found["amonition_directory_call_seconds_count/single"] == 1
    assert 0.5 <= found["amonition_directory_call_seconds_sum/single"] < 3
    assert found["amonition_directory_call_seconds_bucket/single/0.5"] == 0
    assert found["amonition_directory_call_seconds_bucket/single/+Inf"] == 1
    assert found["amonition_directory_call_seconds_count/search"] == 0
    assert found["amonition_directory_budget_denied_total/single"] == 0


def test_the_budget_is_one_for_the_host_whoever_asks(
    counted: redis.Redis, emulated: Emulated
) -> None:
    budget = budget_of(emulated.server.url.removeprefix("http://"))
    while budget.spend():
        pass
    emulated.put(5)
    emulated.script({"kind": "status", "status": 500}, endpoint="single")
    with pytest.raises(UnavailableError, match="budget"):
        directory().preview([5])
    connection.close()
    assert figures.totals(counted)["denied:single"] == 1
    for _ in range(round(MOST / EARNED)):
        budget.earn()


@on_shards
@pytest.mark.requirement("C2")
@pytest.mark.requirement("C3")
def test_a_status_that_nobody_told_us_of_is_counted_and_named_once(
    counted: redis.Redis, emulated: Emulated, client: Client, db: None,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    for permalink, status in enumerate(["PUBLISH", "MELTED", "MELTED", "DUPLICATE"], start=10):
        emulated.put(permalink, publishing_status=status)
    with caplog.at_level(logging.WARNING, "organizations.figures"):
        directory().bulk([10, 11, 12, 13], fields=STATUS)
    assert [record.message for record in caplog.records] == ["directory.status_unknown"]
    connection.close()
    found = scrape(client)
    assert found["amonition_directory_statuses_unknown_total"] == 2
    assert found["amonition_directory_duplicates_said_total"] == 1


def test_what_redis_did_not_take_is_kept_for_later(counted: redis.Redis) -> None:
    nobody = figures.Figures(
        redis.Redis(unix_socket_path="/nobody.sock", retry=Retry(NoBackoff(), 0))
    )
    nobody.hedge_won("bulk")
    nobody.close()
    nobody._redis = counted
    nobody.flush()
    assert figures.totals(counted) == {"won:bulk": 1}
