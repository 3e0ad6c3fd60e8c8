"""Events of the inbox, carried to the shards: what changes, what is sent again, what is too late."""

from collections.abc import Callable, Iterator
from functools import partial

import pytest
from django.db import connections
from django.forms.models import model_to_dict

from ads import enqueuing, shards
from ads.models import Banner, BsEntry, ModerationEntry
from ads.shards import use_shard
from organizations import applying, arrivals, linking
from organizations.applying import Applied
from organizations.linking import Known, ManualLink
from organizations.models import BannerPermalink, Organization, StatusCursor, StatusSeen
from organizations.statuses import StatusPublish
from tests.crossing import behind
from tests.organizations.status_events import happened, statuses
from tests.sharded import banner, campaign, client, committed_on_shards, on_shards

ONE, OTHER, ALL = 31, 32, 1000
NOTHING = Applied(events=0)


@pytest.fixture
def second_shard() -> Iterator[None]:
    with use_shard(2):
        yield


def known(client_id: int, permalink: int, status: StatusPublish = StatusPublish.PUBLISHED) -> None:
    linking.remember(client_id=client_id, organizations=[Known(permalink, 0, status)])


def linked(permalink: int, *, shard: int = 2) -> tuple[int, int]:
    """A client who uses the organization, and a banner that shows it; accepted and served."""
    client_id = client(shard=shard)
    bid = banner(cid=campaign(client_id=client_id, shard=shard), shard=shard)
    with use_shard(shard):
        known(client_id, permalink)
        linking.put(links=[ManualLink(bid, permalink)], seen={bid: None})
        accept()
    return client_id, bid


def accept() -> None:
    """Moderators and BS are done with everything."""
    ModerationEntry.objects.all().delete()
    BsEntry.objects.all().delete()
    Banner.objects.update(status_moderate="Yes", status_bs_synced="Yes")


def sent() -> set[int]:
    """The banners that are to be moderated and sent, which are the same."""
    moderated = set(ModerationEntry.objects.values_list("bid", flat=True))
    assert moderated == set(BsEntry.objects.values_list("bid", flat=True))
    marked = Banner.objects.filter(status_moderate="Ready", status_bs_synced="No")
    assert moderated == set(marked.values_list("bid", flat=True))
    return moderated


def apply(*, most: int = ALL) -> Applied:
    return applying.apply_next(most=most)


@on_shards
@pytest.mark.requirement("R47")
def test_an_event_reaches_the_clients_of_every_shard() -> None:
    clients = {shard: linked(ONE, shard=shard)[0] for shard in (1, 2)}
    happened(ONE, published=False)
    shards.for_each_shard(lambda _: apply())
    for shard, client_id in clients.items():
        with use_shard(shard):
            assert statuses(ONE) == {client_id: "unpublished"}


@on_shards
@pytest.mark.usefixtures("second_shard")
@pytest.mark.requirement("R48")
@pytest.mark.requirement("C16")
def test_both_directions_send_the_banner_and_only_once_each() -> None:
    client_id, bid = linked(ONE)
    for minute, (published, status) in enumerate([(False, "unpublished"), (True, "published")]):
        happened(ONE, published=published, minute=minute)
        assert apply() == Applied(events=1, organizations=1, banners=1)
        assert statuses(ONE) == {client_id: status}
        assert sent() == {bid}
        accept()
        happened(ONE, published=published, minute=minute)  # the same again
        happened(ONE, published=published, minute=minute + 0.5)  # news that is none
        assert apply() == Applied(events=2)
        assert sent() == set()


@on_shards
@pytest.mark.usefixtures("second_shard")
@pytest.mark.requirement("R48")
def test_only_banners_with_a_manual_link_of_that_organization_are_sent() -> None:
    client_id, bid = linked(ONE)
    cid = campaign(client_id=client_id, shard=2)
    auto, elsewhere, bare = (banner(cid=cid, shard=2) for _ in range(3))
    BannerPermalink.objects.create(bid=auto, permalink=ONE, permalink_assign_type="auto")
    known(client_id, OTHER)
    linking.put(links=[ManualLink(elsewhere, OTHER)], seen={elsewhere: None})
    accept()
    happened(ONE, published=False)
    assert apply() == Applied(events=1, organizations=1, banners=1)
    assert sent() == {bid}
    assert bare not in sent()


@on_shards
@pytest.mark.usefixtures("second_shard")
@pytest.mark.requirement("R48")
@pytest.mark.requirement("C16")
def test_a_client_whose_row_says_so_already_is_left_alone() -> None:
    changed, bid = linked(ONE)
    unchanged, other = linked(ONE)
    Organization.objects.filter(client_id=unchanged).update(status_publish="unpublished")
    happened(ONE, published=False)
    assert apply() == Applied(events=1, organizations=1, banners=1)
    assert statuses(ONE) == {changed: "unpublished", unchanged: "unpublished"}
    assert sent() == {bid}
    assert other not in sent()


@on_shards
@pytest.mark.usefixtures("second_shard")
@pytest.mark.requirement("R3")
def test_what_nobody_knew_becomes_known() -> None:
    client_id = client(shard=2)
    known(client_id, ONE, StatusPublish.UNKNOWN)
    happened(ONE, published=True)
    apply()
    assert statuses(ONE) == {client_id: "published"}


@on_shards
@pytest.mark.usefixtures("second_shard")
@pytest.mark.requirement("R6")
@pytest.mark.requirement("R7")
def test_nothing_but_the_status_of_a_row_changes() -> None:
    client_id = client(shard=2)
    linking.remember(client_id=client_id, organizations=[Known(ONE, 41, StatusPublish.PUBLISHED)])
    before = model_to_dict(Organization.objects.get(permalink=ONE))
    happened(ONE, published=False)
    happened(OTHER, published=False)
    apply()
    after = model_to_dict(Organization.objects.get(permalink=ONE))
    assert after == before | {"status_publish": "unpublished"}
    assert Organization.objects.count() == 1, "an event makes no rows"


@on_shards
@pytest.mark.usefixtures("second_shard")
@pytest.mark.requirement("R47")
def test_of_the_events_of_a_portion_the_newest_counts() -> None:
    client_id, _ = linked(ONE)
    happened(ONE, published=False, minute=2)
    happened(ONE, published=True, minute=1)
    assert apply() == Applied(events=2, organizations=1, banners=1)
    assert statuses(ONE) == {client_id: "unpublished"}


@on_shards
@pytest.mark.usefixtures("second_shard")
@pytest.mark.requirement("R47")
def test_an_older_event_never_wins() -> None:
    client_id, _ = linked(ONE)
    happened(ONE, published=False, minute=2)
    happened(ONE, published=True, minute=1)
    apply(most=1)
    accept()
    assert apply(most=1) == Applied(events=1)
    assert statuses(ONE) == {client_id: "unpublished"}
    assert sent() == set()


@on_shards
@pytest.mark.usefixtures("second_shard")
@pytest.mark.requirement("R47")
def test_of_two_events_of_one_moment_the_later_place_wins() -> None:
    client_id, _ = linked(ONE)
    first, second = happened(ONE, published=True), happened(ONE, published=False)
    assert first.event_offset < second.event_offset
    apply(most=1)
    apply(most=1)
    assert statuses(ONE) == {client_id: "unpublished"}


@on_shards
@pytest.mark.usefixtures("second_shard")
def test_each_event_is_taken_once_in_the_order_of_arrival() -> None:
    numbers = [happened(permalink, published=True).pk for permalink in range(1, 6)]
    assert [apply(most=2).events for _ in range(4)] == [2, 2, 1, 0]
    assert applying.position() == numbers[-1]
    assert StatusSeen.objects.count() == 5


@on_shards
@pytest.mark.usefixtures("second_shard")
@pytest.mark.requirement("R48")
def test_events_that_are_applied_again_change_and_send_nothing() -> None:
    linked(ONE)
    for minute in range(5):
        happened(ONE, published=minute % 2 == 1, minute=minute)
        apply()
    accept()
    StatusCursor.objects.all().delete()
    assert apply() == Applied(events=5)
    assert sent() == set()


@on_shards
def test_each_shard_has_a_place_of_its_own() -> None:
    happened(ONE, published=True)
    with use_shard(1):
        apply()
        assert applying.position() > 0
    with use_shard(2):
        assert applying.position() == 0
        assert apply().events == 1


@on_shards
@pytest.mark.usefixtures("second_shard")
def test_the_number_of_statements_does_not_grow_with_the_events() -> None:
    for permalink in range(100, 120):
        linked(permalink)
        happened(permalink, published=False)
    counted: list[str] = []

    def count(execute: Callable[..., object], sql: str, *rest: object) -> object:
        counted.append(sql)
        return execute(sql, *rest)

    with connections["shard2"].execute_wrapper(count):
        assert apply() == Applied(events=20, organizations=20, banners=20)
    statements = [sql for sql in counted if "SAVEPOINT" not in sql]
    assert len(statements) == 10


@committed_on_shards
@pytest.mark.usefixtures("second_shard")
def test_of_two_appliers_of_a_shard_one_applies_a_portion() -> None:
    linked(ONE)
    happened(ONE, published=False)

    def other() -> Applied:
        with use_shard(2):
            return apply()

    first: list[Applied] = []
    (second,) = behind(lambda: first.append(apply()), [other], using="shard2")
    assert first == [Applied(events=1, organizations=1, banners=1)]
    assert second == Applied(events=1)
    assert list(ModerationEntry.objects.values_list("version", flat=True)) == [1]


@committed_on_shards
@pytest.mark.usefixtures("second_shard")
@pytest.mark.parametrize("meanwhile", ["applied", "rewound"])
def test_an_applier_that_is_late_does_not_move_the_cursor(meanwhile: str) -> None:
    numbers = [happened(permalink, published=True).pk for permalink in (1, 2, 3)]
    apply(most=1)

    def late() -> Applied:
        with use_shard(2):
            return apply(most=1)

    def other() -> None:
        arrivals.keep_out()
        if meanwhile == "applied":
            apply()
        else:
            applying.rewind()

    assert behind(other, [late], using="shard2") == [Applied(events=1)]
    assert applying.position() == (numbers[-1] if meanwhile == "applied" else 0)


@committed_on_shards
@pytest.mark.usefixtures("second_shard")
@pytest.mark.requirement("R48")
def test_a_banner_that_is_unlinked_meanwhile_is_not_sent() -> None:
    client_id, bid = linked(ONE)
    happened(ONE, published=False)

    def in_between() -> Applied:
        with use_shard(2):
            return apply()

    unlink = partial(enqueuing.lock, [bid])
    (applied,) = behind(
        unlink,
        [in_between],
        meanwhile=BannerPermalink.objects.filter(bid=bid).delete,
        using="shard2",
    )
    assert applied == Applied(events=1, organizations=1, banners=0)
    assert statuses(ONE) == {client_id: "unpublished"}
    assert sent() == set()


@committed_on_shards
@pytest.mark.usefixtures("second_shard")
def test_a_portion_that_fails_has_not_moved_the_cursor() -> None:
    client_id, _ = linked(ONE)
    happened(ONE, published=False)

    def interrupted() -> None:
        with shards.atomic():
            apply()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        interrupted()
    assert applying.position() == 0
    assert statuses(ONE) == {client_id: "published"}
    assert apply() == Applied(events=1, organizations=1, banners=1)
