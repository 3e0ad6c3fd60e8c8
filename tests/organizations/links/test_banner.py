"""An organization is set on a banner: who is asked, what is refused, what is written."""

from collections.abc import Callable

import pytest
from pytest_django import Settings

from clients.directory.client import Directory
from clients.hedging.service import HedgedService
from clients.single_flight import RedisSingleFlight
from organizations import banner_links
from organizations.refusals import LinkRefusedError, NotYoursError
from organizations.wishes import NOTHING, Linked, Wish
from tests import sharded
from tests.organizations.links.office import (
    CHAIN,
    COUNTERS,
    ONE,
    OTHER,
    OWNER,
    SHARD,
    THIRD,
    Office,
    everything,
    unchanged_by,
)
from tests.sharded import on_shards

pytestmark = on_shards


def refused(work: Callable[[], object]) -> LinkRefusedError:
    """The refusal, which has left every table as it was."""
    before = everything()
    with pytest.raises(LinkRefusedError) as raised:
        work()
    assert everything() == before
    return raised.value


@pytest.mark.requirement("R5")
@pytest.mark.requirement("R13")
@pytest.mark.requirement("R33")
@pytest.mark.requirement("R35")
@pytest.mark.requirement("R37")
@pytest.mark.requirement("R38")
@pytest.mark.requirement("R69")
@pytest.mark.requirement("R70")
@pytest.mark.requirement("C24")
def test_a_new_organization_is_asked_about_in_one_bulk_request(office: Office) -> None:
    asked = office.asked_by(lambda: office.link(ONE))
    assert asked == {"bulk": 1}
    assert office.manual() == [ONE]
    assert office.organizations() == {ONE: (CHAIN, "published")}
    assert office.counters() == {COUNTERS[ONE]}
    assert office.sent() == (1, 1)


@pytest.mark.requirement("R2")
def test_a_link_has_the_chain_of_its_organization(office: Office) -> None:
    assert office.link(ONE) == (Linked(ONE, CHAIN), True)
    other = office.banner()
    assert office.link(OTHER, bid=other) == (Linked(OTHER, 0), True)
    assert office.row(ONE).chain_id == CHAIN
    assert office.organizations() == {ONE: (CHAIN, "published"), OTHER: (0, "published")}


@pytest.mark.requirement("R34")
@pytest.mark.requirement("C20")
def test_saving_it_again_asks_nobody_and_changes_nothing(office: Office) -> None:
    office.link(ONE)
    office.emulated.put(ONE, publishing_status="CLOSED")

    def save() -> None:
        assert office.link(ONE) == (Linked(ONE, CHAIN), False)

    assert office.asked_by(lambda: unchanged_by(save) or pytest.fail("changed")) == {}


@pytest.mark.requirement("R34")
@pytest.mark.requirement("R8")
@pytest.mark.requirement("R13")
def test_unlinking_the_last_one_asks_nobody(office: Office) -> None:
    office.link(ONE)
    assert office.asked_by(lambda: office.link(None)) == {}
    assert office.manual() == []
    assert office.counters() == set()
    assert office.brought() == {}
    assert office.organizations() == {ONE: (CHAIN, "published")}
    assert office.sent() == (2, 2)
    assert office.link(None) == (NOTHING, False)


@pytest.mark.requirement("R35")
@pytest.mark.requirement("R36")
@pytest.mark.requirement("R71")
@pytest.mark.requirement("C20")
@pytest.mark.parametrize("status", ["MOVED", "TEMPORARILY_CLOSED", "CLOSED", "GEO_SPAM", "NEW_ONE"])
def test_only_the_published_are_linked(office: Office, status: str) -> None:
    office.emulated.put(OTHER, publishing_status=status)
    refusal = refused(lambda: office.link(OTHER))
    assert refusal.code == "organization.not_published"
    assert refusal.details["permalink"] == OTHER


@pytest.mark.requirement("C20")
def test_one_that_is_linked_may_close(office: Office) -> None:
    """Its number may change, its vCard may go first: nobody asks what has become of it."""
    office.link(ONE)
    office.emulated.put(ONE, publishing_status="TEMPORARILY_CLOSED")
    assert office.asked_by(lambda: office.link(ONE, prefer_vcard=True)) == {}
    assert office.row(ONE).prefer_vcard_over_permalink
    assert office.organizations()[ONE] == (CHAIN, "published")


@pytest.mark.requirement("R36")
def test_an_unknown_one_is_not_linked(office: Office) -> None:
    assert refused(lambda: office.link(99)).code == "organization.not_found"


@pytest.mark.requirement("C6")
def test_a_duplicate_is_refused_with_its_original(
    office: Office, service: HedgedService, flights: RedisSingleFlight
) -> None:
    office.emulated.put(ONE, duplicates=[OTHER])
    office.emulated.put(OTHER, head_permalink=ONE)
    refusal = refused(lambda: office.link(OTHER))
    assert (refusal.code, refusal.details["original"]) == ("organization.duplicate_of", ONE)
    assert str(ONE) in refusal.text
    office.directory = Directory(service, flights=flights, single_lookups=0)
    assert refused(lambda: office.link(OTHER)).code == "organization.not_found"


@pytest.mark.requirement("R79")
@pytest.mark.requirement("C24")
@pytest.mark.parametrize("endpoint", ["bulk", "metrika", "create-metrika"])
def test_without_the_directory_nothing_new_is_linked(office: Office, endpoint: str) -> None:
    office.emulated.put(OTHER, metrika_data=None)  # so that all of them are needed
    office.emulated.script({"kind": "refuse", "status": 503}, endpoint=endpoint, forever=True)
    refusal = refused(lambda: office.link(OTHER))
    assert refusal.code == "organization.directory_unavailable"


@pytest.mark.requirement("R78")
def test_without_the_directory_what_is_linked_can_be_taken_away(office: Office) -> None:
    other = office.banner()
    office.link(ONE)
    office.link(OTHER, bid=other)
    office.away()
    assert office.link(None) == (NOTHING, True)
    assert office.manual() == []
    assert office.counters() == {COUNTERS[ONE], COUNTERS[OTHER]}
    assert office.sent() == (2, 2)


@pytest.mark.requirement("R15")
@pytest.mark.requirement("R49")
@pytest.mark.requirement("R50")
@pytest.mark.requirement("R51")
@pytest.mark.requirement("R52")
@pytest.mark.requirement("R53")
def test_a_recommendation_is_confirmed_by_linking_it(office: Office) -> None:
    office.auto(ONE)
    office.auto(OTHER)
    office.auto(0, chain_id=CHAIN)

    def recommended() -> list[int]:
        listed = banner_links.recommendations(client_id=office.client_id, bid=office.bid)
        return [each.permalink for each in listed]

    assert unchanged_by(recommended)
    assert recommended() == [ONE, OTHER]
    office.emulated.put(ONE, publishing_status="CLOSED")
    refused(lambda: office.link(ONE))
    office.emulated.put(ONE, publishing_status="PUBLISH")
    assert office.asked_by(lambda: office.link(ONE)) == {"bulk": 1}
    assert office.manual() == [ONE]
    assert office.row(ONE).permalink_assign_type == "manual"
    assert recommended() == [OTHER]


@pytest.mark.requirement("R54")
@pytest.mark.requirement("R55")
@pytest.mark.requirement("R56")
@pytest.mark.requirement("R16")
def test_a_declined_recommendation_is_made_no_more(office: Office) -> None:
    office.auto(ONE)

    def decline(permalink: int = ONE) -> bool:
        return banner_links.reject(
            client_id=office.client_id, bid=office.bid, permalink=permalink, actor=OWNER
        )

    assert decline()
    assert unchanged_by(lambda: decline() or pytest.fail("not found the second time"))
    assert banner_links.recommendations(client_id=office.client_id, bid=office.bid) == []
    row = office.row(ONE)
    assert (row.permalink_assign_type, row.is_change_to_manual_rejected) == ("auto", True)
    assert office.sent() == (0, 0)
    assert not decline(OTHER)
    office.link(OTHER)
    assert not decline(OTHER)
    told = [(each.action, each.from_permalink) for each in office.history()]
    assert told == [("rejected", ONE), ("set", None)]


@pytest.mark.requirement("R17")
def test_priority_of_the_vcard_changes_nothing_else(office: Office) -> None:
    number = office.phone(801)
    office.link(ONE, client_phone_id=number)
    before = office.row(ONE)
    assert office.link(ONE, client_phone_id=number, prefer_vcard=True)[1]
    after = office.row(ONE)
    assert after.prefer_vcard_over_permalink
    assert (after.chain_id, after.client_phone_id) == (before.chain_id, before.client_phone_id)
    assert office.sent() == (2, 2)
    assert office.counters() == {COUNTERS[ONE]}


@pytest.mark.requirement("R7")
@pytest.mark.requirement("R6")
def test_linking_again_leaves_the_remembered_row_alone(office: Office) -> None:
    office.link(ONE)
    office.link(None)
    office.emulated.put(ONE, chain=None)
    office.link(ONE)
    assert office.organizations() == {ONE: (CHAIN, "published")}
    assert office.row(ONE).chain_id == 0


@pytest.mark.requirement("R5")
def test_each_client_remembers_its_own(office: Office) -> None:
    office.link(ONE)
    second = sharded.client(shard=SHARD)
    cid = sharded.campaign(client_id=second, shard=SHARD)
    bid = sharded.banner(cid=cid, shard=SHARD)
    banner_links.set_organization(
        client_id=second, bid=bid, wish=Wish(ONE), actor=OWNER, directory=office.directory
    )
    assert office.organizations().keys() == {ONE}
    office.client_id = second
    assert office.organizations().keys() == {ONE}


def test_what_is_another_clients_is_not_there(office: Office) -> None:
    stranger = sharded.client(shard=SHARD)
    elsewhere = sharded.client(shard=1)
    for client_id in (stranger, elsewhere, 1):
        with pytest.raises(NotYoursError):
            banner_links.current(client_id=client_id, bid=office.bid)
        with pytest.raises(NotYoursError):
            banner_links.recommendations(client_id=client_id, bid=office.bid)
        with pytest.raises(NotYoursError):
            banner_links.reject(client_id=client_id, bid=office.bid, permalink=ONE, actor=OWNER)
        office.client_id = client_id
        with pytest.raises(NotYoursError):
            office.link(ONE)


def test_history_tells_who_when_from_what_to_what(office: Office) -> None:
    number = office.phone(802)
    office.link(ONE)
    office.link(OTHER, client_phone_id=number)
    office.link(None)
    told = [
        (each.actor, each.uid, each.cid, each.bid, each.from_permalink, each.to_permalink)
        for each in office.history()
    ]
    who = OWNER.name, OWNER.uid, office.cid, office.bid
    assert told == [(*who, None, ONE), (*who, ONE, OTHER), (*who, OTHER, None)]
    assert [each.to_phone for each in office.history()] == [None, number, None]
    assert office.history()[2].from_phone == number


@pytest.mark.requirement("C18")
def test_taking_away_leaves_neither_link_nor_memory(office: Office) -> None:
    """Until the next import the banner has neither; then it is recommended again."""
    office.auto(ONE)
    office.link(ONE)
    office.link(None)
    assert office.manual() == []
    assert banner_links.recommendations(client_id=office.client_id, bid=office.bid) == []
    office.auto(ONE)
    listed = banner_links.recommendations(client_id=office.client_id, bid=office.bid)
    assert [each.permalink for each in listed] == [ONE]


@pytest.mark.requirement("R98")
def test_a_missing_counter_is_created_on_the_way(office: Office) -> None:
    office.emulated.put(THIRD, metrika_data=None)
    office.link(THIRD)
    [created] = office.emulated.counters()[str(THIRD)]
    assert office.counters() == {created}


def test_delta_is_a_setting(office: Office, settings: Settings) -> None:
    settings.ORGANIZATIONS_COUNTERS = "delta"
    office.link(ONE)
    assert office.counters() == {COUNTERS[ONE]}
