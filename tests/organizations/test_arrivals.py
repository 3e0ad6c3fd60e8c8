"""An event that is applied while a client links the organization for the first time (C15)."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial

import pytest
from django.db import OperationalError, connections
from django.db.transaction import TransactionManagementError
from psycopg.errors import LockNotAvailable

from ads import shards
from ads.shards import use_shard
from organizations import applying, arrivals, linking
from organizations.linking import Known
from organizations.statuses import StatusPublish
from tests.crossing import behind
from tests.organizations.status_events import happened, statuses
from tests.sharded import committed_on_shards, on_shards

ONE, OTHER, CLIENT = 31, 32, 7
PORTION = 100


@pytest.fixture
def second_shard() -> Iterator[None]:
    with use_shard(2):
        yield


def apply() -> None:
    with use_shard(2):
        applying.apply_next(most=PORTION)


def apply_without_the_lock() -> None:
    with use_shard(2), shards.atomic():
        portion = applying._next(most=PORTION)
        assert portion is not None
        applying._apply(portion)


def link(since: datetime, *, hold_off: Callable[[], None] = arrivals.hold_off) -> None:
    """What the Directory has said since then is that the organization is published."""
    with use_shard(2), shards.atomic():
        hold_off()
        heard = arrivals.newer(permalinks=[ONE], than=since)
        status = heard.get(ONE, StatusPublish.PUBLISHED)
        linking.remember(client_id=CLIENT, organizations=[Known(ONE, 0, status)])


def link_without_the_lock(since: datetime) -> None:
    link(since, hold_off=lambda: None)


@on_shards
@pytest.mark.usefixtures("second_shard")
@pytest.mark.requirement("C15")
def test_only_events_applied_since_then_are_newer() -> None:
    happened(ONE, published=False)
    apply()
    begun = arrivals.read_begins()
    happened(OTHER, published=True)
    apply()
    unpublished, published = StatusPublish.UNPUBLISHED, StatusPublish.PUBLISHED
    assert arrivals.newer(permalinks=[ONE, OTHER], than=begun) == {OTHER: published}
    happened(ONE, published=False, minute=1)
    apply()
    assert arrivals.newer(permalinks=[ONE], than=begun) == {ONE: unpublished}
    assert arrivals.newer(permalinks=[33], than=begun) == {}


@committed_on_shards
@pytest.mark.usefixtures("second_shard")
@pytest.mark.requirement("C15")
@pytest.mark.parametrize(
    ("applying_it", "found"), [(apply, "unpublished"), (apply_without_the_lock, "published")]
)
def test_an_event_waits_for_a_first_link_and_finds_its_row(
    applying_it: Callable[[], None], found: str
) -> None:
    """Without the lock it finds none, and is lost: the guard is needed."""
    begun = arrivals.read_begins()
    happened(ONE, published=False)
    behind(partial(link, begun), [applying_it], using="shard2")
    assert statuses(ONE) == {CLIENT: found}


@committed_on_shards
@pytest.mark.usefixtures("second_shard")
@pytest.mark.requirement("C15")
@pytest.mark.parametrize(
    ("linking_it", "found"), [(link, "unpublished"), (link_without_the_lock, "published")]
)
def test_a_first_link_waits_for_an_event_and_believes_it(
    linking_it: Callable[[datetime], None], found: str
) -> None:
    """Without the lock it does not see it yet, and the event is lost: the guard is needed."""
    begun = arrivals.read_begins()
    happened(ONE, published=False)
    behind(apply, [partial(linking_it, begun)], using="shard2")
    assert statuses(ONE) == {CLIENT: found}


@committed_on_shards
@pytest.mark.usefixtures("second_shard")
def test_an_applier_gives_a_long_link_up_before_others_have_waited_for_long() -> None:
    def try_it() -> object:
        """Waits for the lock until it is tired of it, which `behind` would not wait for."""
        try:
            apply()
        except OperationalError as error:
            return type(error.__cause__)
        finally:
            connections.close_all()
        return None

    happened(ONE, published=False)
    with shards.atomic(), ThreadPoolExecutor(1) as pool:
        arrivals.hold_off()
        assert pool.submit(try_it).result(timeout=4) is LockNotAvailable  # others' patience is 5 s
    apply()


@committed_on_shards
@pytest.mark.usefixtures("second_shard")
def test_those_who_link_do_not_wait_for_each_other() -> None:
    begun = arrivals.read_begins()
    assert behind(arrivals.hold_off, [partial(link, begun)], using="shard2") == [None]
    assert statuses(ONE) == {CLIENT: "published"}


@committed_on_shards
@pytest.mark.usefixtures("second_shard")
@pytest.mark.parametrize("lock", [arrivals.hold_off, arrivals.keep_out])
def test_outside_of_a_transaction_there_is_no_lock(lock: Callable[[], None]) -> None:
    with pytest.raises(TransactionManagementError):
        lock()
