"""Edits that meet: of two decisions about one thing one commits, and the other is told."""

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import connections

from ads import enqueuing, shards
from ads.shards import use_shard
from organizations import applying, campaign_links, inquiries, linking
from organizations.linking import ManualLink
from organizations.models import BannerPermalink
from organizations.refusals import LinkRefusedError
from organizations.wishes import Linked, Wish
from tests.crossing import behind
from tests.organizations.links.office import CHAIN, COUNTERS, ONE, OTHER, OWNER, SHARD, Office
from tests.organizations.status_events import happened
from tests.sharded import committed_on_shards
from tests.waiting import wait_until

pytestmark = committed_on_shards

Work = Callable[[], object]


def decide(office: Office, permalink: int | None, **wish: Any) -> object:
    try:
        return office.link(permalink, **wish)
    except LinkRefusedError as error:
        return error.code


def decide_unguarded(office: Office, permalink: int) -> object:
    """The same with nothing said of what was there when it was decided."""
    with use_shard(SHARD):
        inquiries.about(new=permalink, counting=frozenset(), directory=office.directory)
        with shards.atomic():
            enqueuing.lock([office.bid])
            links = BannerPermalink.objects.filter(bid=office.bid, permalink_assign_type="manual")
            now = links.values_list("permalink", flat=True).first()
            linking.put(links=[ManualLink(office.bid, permalink)], seen={office.bid: now})
    return "committed"


def for_campaign(office: Office, permalink: int | None) -> object:
    try:
        change = campaign_links.set_organization(
            client_id=office.client_id,
            cid=office.cid,
            wish=Wish(permalink),
            actor=OWNER,
            directory=office.directory,
        )
    except LinkRefusedError as error:
        return error.code
    return change.state


@pytest.mark.requirement("R11")
@pytest.mark.parametrize(("first", "second"), [(ONE, OTHER), (OTHER, ONE)])
def test_of_two_organizations_for_one_banner_one_commits(
    office: Office, first: int, second: int
) -> None:
    (answer,) = behind(
        partial(office.link, first), [partial(decide, office, second)], using="shard2"
    )
    assert answer == "link.changed"
    assert office.manual() == [first]
    assert office.organizations().keys() == {first}
    assert office.counters() == {COUNTERS[first]}
    assert office.sent() == (1, 1)
    assert [each.to_permalink for each in office.history()] == [first]


@pytest.mark.parametrize(("first", "second"), [(ONE, OTHER), (OTHER, ONE)])
def test_without_the_guard_both_commit(office: Office, first: int, second: int) -> None:
    """The second one takes away what it has never seen."""
    (answer,) = behind(
        partial(office.link, first), [partial(decide_unguarded, office, second)], using="shard2"
    )
    assert answer == "committed"
    assert office.manual() == [second]


@pytest.mark.requirement("R17")
def test_whoever_has_not_seen_the_new_priority_is_told(office: Office) -> None:
    """The organization is the same, and so the writer of links would not mind."""
    office.link(ONE)
    number = office.phone(871)
    first = partial(office.link, ONE, prefer_vcard=True)
    (answer,) = behind(
        first, [partial(decide, office, ONE, client_phone_id=number)], using="shard2"
    )
    assert answer == "link.changed"
    assert office.row(ONE).prefer_vcard_over_permalink


@pytest.mark.requirement("R72")
def test_two_banners_of_a_campaign_agree_on_its_counters(office: Office) -> None:
    """Neither has asked about the other's: it has brought its own."""
    second = office.banner()
    (answer,) = behind(
        partial(office.link, ONE), [partial(office.link, OTHER, bid=second)], using="shard2"
    )
    assert answer == (Linked(OTHER), True)
    assert office.counters() == {COUNTERS[ONE], COUNTERS[OTHER]}
    assert office.brought() == {ONE: COUNTERS[ONE], OTHER: COUNTERS[OTHER]}


@pytest.mark.requirement("R13")
def test_what_is_taken_away_is_what_was_seen(office: Office) -> None:
    office.link(ONE)
    (answer,) = behind(partial(office.link, OTHER), [partial(decide, office, None)], using="shard2")
    assert (answer, office.manual()) == ("link.changed", [OTHER])


@pytest.mark.requirement("R21")
@pytest.mark.parametrize(("first", "second"), [(ONE, OTHER), (OTHER, ONE)])
def test_of_two_organizations_for_one_campaign_one_commits(
    office: Office, first: int, second: int
) -> None:
    (answer,) = behind(
        partial(for_campaign, office, first),
        [partial(for_campaign, office, second)],
        using="shard2",
    )
    assert answer in {"link.changed", "campaign.too_many_changes"}
    assert office.manual() == [first]
    linked = campaign_links.current(client_id=office.client_id, cid=office.cid)
    assert linked.permalink == first


@pytest.mark.requirement("R11")
def test_a_banner_follows_its_campaign_or_its_own_person(office: Office) -> None:
    (answer,) = behind(
        partial(for_campaign, office, ONE), [partial(decide, office, OTHER)], using="shard2"
    )
    assert (answer, office.manual()) == ("link.changed", [ONE])


@pytest.mark.requirement("R11")
def test_the_campaign_comes_after_a_person_who_was_first(office: Office) -> None:
    (answer,) = behind(
        partial(decide, office, OTHER), [partial(for_campaign, office, ONE)], using="shard2"
    )
    assert (answer, office.manual()) == ("done", [ONE])
    assert office.counters() == {COUNTERS[ONE]}


@pytest.mark.requirement("C15")
def test_an_event_while_the_directory_is_read_is_not_lost(office: Office) -> None:
    office.emulated.script({"kind": "late", "seconds": 0.9}, endpoint="bulk", forever=True)
    linker = threading.Thread(target=partial(_in_a_thread, partial(office.link, ONE)))
    linker.start()
    wait_until(lambda: office.emulated.asked().get("bulk", 0) > 0, seconds=5, what="the request")
    happened(ONE, published=False)
    with use_shard(SHARD):
        assert applying.apply_next(most=10).events == 1
    assert office.manual() == []
    linker.join()
    assert office.manual() == [ONE]
    assert office.organizations() == {ONE: (CHAIN, "unpublished")}


def _in_a_thread(work: Work) -> None:
    try:
        work()
    finally:
        connections.close_all()
