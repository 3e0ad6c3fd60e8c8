"""Technical counters of a campaign, both ways, as banners are linked and unlinked."""

import pytest
from pytest_django import Settings

from ads.models import CampaignCounter
from ads.shards import use_shard
from tests.organizations.links.office import COUNTERS, ONE, OTHER, SHARD, THIRD, Office
from tests.sharded import on_shards

pytestmark = on_shards

USERS = 77


@pytest.fixture(params=["recompute", "delta"])
def way(request: pytest.FixtureRequest, settings: Settings) -> str:
    settings.ORGANIZATIONS_COUNTERS = request.param
    return str(request.param)


@pytest.mark.requirement("R73")
@pytest.mark.requirement("R75")
@pytest.mark.requirement("R76")
@pytest.mark.requirement("R80")
@pytest.mark.requirement("R81")
def test_counters_are_those_of_what_is_linked_by_hand(office: Office, way: str) -> None:
    second = office.banner()
    with use_shard(SHARD):
        CampaignCounter.objects.create(cid=office.cid, counter_id=USERS, origin="user")
    office.auto(THIRD)
    office.link(ONE)
    office.link(ONE, bid=second)
    assert office.counters() == {COUNTERS[ONE]}
    office.link(OTHER)
    assert office.counters() == {COUNTERS[ONE], COUNTERS[OTHER]}
    office.link(OTHER, bid=second)
    assert office.counters() == {COUNTERS[OTHER]}
    assert office.brought() == {OTHER: COUNTERS[OTHER]}
    office.link(None)
    assert office.counters() == {COUNTERS[OTHER]}
    office.link(None, bid=second)
    assert office.counters() == set()
    with use_shard(SHARD):
        assert CampaignCounter.objects.get(cid=office.cid).counter_id == USERS


@pytest.mark.requirement("R76")
@pytest.mark.requirement("R80")
def test_a_counter_that_two_share_stays_for_the_second(office: Office, way: str) -> None:
    office.emulated.put(OTHER, metrika_data={"counter_id": COUNTERS[ONE]})
    second = office.banner()
    office.link(ONE)
    office.link(OTHER, bid=second)
    office.link(None)
    assert office.counters() == {COUNTERS[ONE]}
    office.link(None, bid=second)
    assert office.counters() == set()


@pytest.mark.requirement("R80")
def test_a_counter_that_the_user_has_stays_the_users(office: Office, way: str) -> None:
    with use_shard(SHARD):
        CampaignCounter.objects.create(cid=office.cid, counter_id=COUNTERS[ONE], origin="user")
    office.link(ONE)
    office.link(None)
    with use_shard(SHARD):
        kept = CampaignCounter.objects.get(cid=office.cid)
    assert (kept.counter_id, kept.origin) == (COUNTERS[ONE], "user")


@pytest.mark.requirement("R74")
@pytest.mark.requirement("C24")
def test_recompute_asks_for_all_that_will_be_linked(office: Office) -> None:
    """With a new one in the same request; with none in one for counters alone."""
    second, third = office.banner(), office.banner()
    office.link(ONE)
    office.link(OTHER, bid=second)
    office.emulated.put(ONE, metrika_data={"counter_id": 601})
    assert office.asked_by(lambda: office.link(THIRD, bid=third)) == {"bulk": 1}
    assert office.counters() == {601, COUNTERS[OTHER], COUNTERS[THIRD]}
    office.emulated.put(ONE, metrika_data={"counter_id": 602})
    assert office.asked_by(lambda: office.link(None, bid=third)) == {"metrika": 1}
    assert office.counters() == {602, COUNTERS[OTHER]}


@pytest.mark.requirement("R75")
@pytest.mark.requirement("R77")
def test_delta_asks_for_what_changes_alone(office: Office, settings: Settings) -> None:
    settings.ORGANIZATIONS_COUNTERS = "delta"
    second = office.banner()
    office.link(THIRD, bid=second)
    office.link(ONE)
    office.emulated.put(THIRD, metrika_data={"counter_id": 603})
    assert office.asked_by(lambda: office.link(OTHER)) == {"bulk": 1}
    assert office.counters() == {COUNTERS[OTHER], COUNTERS[THIRD]}
    third = office.banner()
    office.emulated.script({"kind": "refuse", "status": 503}, endpoint="metrika", forever=True)
    office.emulated.put(OTHER, metrika_data=None)  # nobody asks: the campaign has it already
    assert office.asked_by(lambda: office.link(OTHER, bid=third)) == {"bulk": 1}
    assert office.counters() == {COUNTERS[OTHER], COUNTERS[THIRD]}


@pytest.mark.requirement("R78")
def test_without_the_directory_the_next_change_mends_it(office: Office) -> None:
    second = office.banner()
    office.link(ONE)
    office.link(OTHER, bid=second)
    office.away()
    office.link(None)
    assert office.counters() == {COUNTERS[ONE], COUNTERS[OTHER]}
    office.emulated.control.delete("scripts")
    office.link(THIRD)
    assert office.counters() == {COUNTERS[OTHER], COUNTERS[THIRD]}


@pytest.mark.requirement("R80")
def test_an_organization_that_the_directory_forgot_has_no_counter(office: Office) -> None:
    second = office.banner()
    office.link(ONE)
    office.link(OTHER, bid=second)
    office.emulated.control.delete(f"organizations/{ONE}")
    office.link(None, bid=second)
    assert office.counters() == set()
