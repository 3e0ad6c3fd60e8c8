"""A campaign's organization and its banners: linking, unlinking, the number, the switch."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections
from pytest_django import Settings

from ads.models import Banner
from ads.shards import use_shard
from organizations import campaign_links
from organizations.actors import Actor
from organizations.campaign_links import Forecast
from organizations.models import CampaignChange, CampaignPermalink
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


def link(
    office: Office, permalink: int | None, *, actor: Actor = OWNER, **wish: Any
) -> CampaignChange:
    return campaign_links.set_organization(
        client_id=office.client_id,
        cid=office.cid,
        wish=Wish(permalink, **wish),
        actor=actor,
        directory=office.directory,
    )


def refused(work: Callable[[], object]) -> LinkRefusedError:
    """The refusal, which has left every table as it was."""
    before = everything()
    with pytest.raises(LinkRefusedError) as raised:
        work()
    assert everything() == before
    return raised.value


def current(office: Office) -> Linked:
    return campaign_links.current(client_id=office.client_id, cid=office.cid)


def forecast(office: Office, permalink: int | None, **wish: Any) -> Forecast:
    return campaign_links.forecast(
        client_id=office.client_id, cid=office.cid, wish=Wish(permalink, **wish)
    )


def archive(bid: int) -> None:
    with use_shard(SHARD):
        Banner.objects.filter(bid=bid).update(status_arch="Yes")


@pytest.mark.requirement("R13")
@pytest.mark.requirement("R22")
@pytest.mark.requirement("R39")
@pytest.mark.requirement("R40")
@pytest.mark.requirement("R41")
@pytest.mark.requirement("R42")
@pytest.mark.requirement("C8")
@pytest.mark.requirement("C4")
def test_linking_brings_the_organization_to_every_eligible_banner(office: Office) -> None:
    chosen, image, archived = office.banner(), office.banner(kind="other"), office.banner()
    office.link(OTHER, bid=chosen)
    office.link(THIRD, bid=archived)
    archive(archived)
    asked = office.asked_by(lambda: link(office, ONE))
    assert asked == {"bulk": 1}
    assert [office.manual(bid) for bid in (office.bid, chosen, image, archived)] == [
        [ONE],
        [ONE],
        [],
        [THIRD],
    ]
    assert current(office) == Linked(ONE)
    assert office.organizations()[ONE] == (CHAIN, "published")
    assert office.row(ONE).chain_id == CHAIN
    assert [office.sent(bid) for bid in (office.bid, chosen, archived)] == [(1, 1), (2, 2), (1, 1)]
    assert office.counters() == {COUNTERS[ONE], COUNTERS[THIRD]}
    link(office, OTHER)
    with use_shard(SHARD):
        assert list(CampaignPermalink.objects.values_list("cid", "permalink", "chain_id")) == [
            (office.cid, OTHER, 0)
        ]
    assert office.manual() == [OTHER]


@pytest.mark.requirement("R34")
@pytest.mark.requirement("R40")
def test_the_same_again_asks_nobody_and_changes_nothing(office: Office) -> None:
    assert link(office, ONE).state == "done"

    def save() -> None:
        again = link(office, ONE)
        assert again.state == "done"
        assert again._state.adding  # no row was made

    assert office.asked_by(lambda: unchanged_by(save) or pytest.fail("changed")) == {}


@pytest.mark.requirement("R13")
@pytest.mark.requirement("R22")
@pytest.mark.requirement("R44")
@pytest.mark.requirement("C8")
def test_unlinking_leaves_a_different_choice_alone(office: Office) -> None:
    chosen, archived = office.banner(), office.banner()
    link(office, ONE)
    office.link(OTHER, bid=chosen)
    archive(archived)
    change = link(office, None)
    assert (change.state, change.banners) == ("done", 2)
    assert [office.manual(bid) for bid in (office.bid, chosen, archived)] == [[], [OTHER], []]
    assert current(office) == NOTHING
    assert office.sent(archived) == (2, 2)
    assert office.sent(chosen) == (2, 2)
    assert office.counters() == {COUNTERS[OTHER]}
    assert office.organizations().keys() == {ONE, OTHER}


@pytest.mark.requirement("R43")
def test_the_number_is_copied_to_the_banners(office: Office) -> None:
    first, second = office.phone(811), office.phone(812)
    chosen = office.banner()
    link(office, ONE, client_phone_id=first)
    assert office.row(ONE).client_phone_id == first
    office.link(OTHER, bid=chosen)
    office.link(ONE, client_phone_id=first, prefer_vcard=True)
    assert office.asked_by(lambda: link(office, ONE, client_phone_id=second)) == {}
    row = office.row(ONE)
    assert (row.client_phone_id, row.prefer_vcard_over_permalink, row.chain_id) == (
        second,
        True,
        CHAIN,
    )
    assert office.manual(chosen) == [OTHER]
    assert current(office) == Linked(ONE, 0, second)
    assert office.sent() == (3, 3)
    assert office.counters() == {COUNTERS[ONE], COUNTERS[OTHER]}


@pytest.mark.requirement("R15")
@pytest.mark.parametrize("chain", [0, CHAIN])
def test_an_automatic_link_becomes_the_campaigns(office: Office, chain: int) -> None:
    office.auto(ONE, chain_id=chain, is_change_to_manual_rejected=True, is_sent_to_bs=True)
    office.auto(OTHER)
    link(office, ONE)
    row = office.row(ONE)
    assert (row.permalink_assign_type, row.chain_id) == ("manual", CHAIN)
    assert not row.is_change_to_manual_rejected
    assert not row.is_sent_to_bs
    assert office.row(OTHER).permalink_assign_type == "auto"


@pytest.mark.requirement("R15")
def test_a_kept_link_takes_in_the_automatic_one_of_another_chain(office: Office) -> None:
    office.link(ONE)
    office.auto(ONE, chain_id=CHAIN + 1)
    office.auto(ONE, chain_id=0)
    number = office.phone(813)
    office.emulated.put(ONE, chain={"id": CHAIN + 1, "name": "Другая"})
    link(office, ONE, client_phone_id=number)
    row = office.row(ONE)
    assert (row.permalink_assign_type, row.chain_id, row.client_phone_id) == (
        "manual",
        CHAIN,
        number,
    )


@pytest.mark.requirement("R36")
@pytest.mark.requirement("R40")
@pytest.mark.requirement("C5")
@pytest.mark.parametrize("status", ["MOVED", "TEMPORARILY_CLOSED", "CLOSED", "GEO_SPAM"])
def test_only_the_published_are_linked(office: Office, status: str) -> None:
    office.emulated.put(OTHER, publishing_status=status)
    link(office, ONE)
    refusal = refused(lambda: link(office, OTHER))
    assert refusal.code == "organization.not_published"
    assert current(office) == Linked(ONE)


@pytest.mark.requirement("R79")
def test_without_the_directory_nothing_new_is_linked(office: Office) -> None:
    office.away()
    assert refused(lambda: link(office, ONE)).code == "organization.directory_unavailable"


@pytest.mark.requirement("R78")
def test_without_the_directory_it_can_be_taken_away(office: Office) -> None:
    chosen = office.banner()
    link(office, ONE)
    office.link(OTHER, bid=chosen)
    office.away()
    link(office, None)
    assert office.manual() == []
    assert office.counters() == {COUNTERS[ONE], COUNTERS[OTHER]}


@pytest.mark.requirement("C8")
def test_counts_are_those_of_what_then_happens(office: Office) -> None:
    same, chosen, image = office.banner(), office.banner(), office.banner(kind="other")
    office.link(ONE, bid=same)
    office.link(OTHER, bid=chosen)
    office.link(OTHER, bid=image)
    number = office.phone(821)
    expected = Forecast(banners=3, linked=1, replaced=1)
    assert unchanged_by(lambda: forecast(office, ONE))
    assert office.asked_by(lambda: forecast(office, ONE)) == {}
    assert forecast(office, ONE) == expected
    assert link(office, ONE).banners == expected.changed == 2
    office.link(OTHER, bid=chosen)
    expected = Forecast(banners=3, phones=2, kept=2)
    assert forecast(office, ONE, client_phone_id=number) == expected
    assert link(office, ONE, client_phone_id=number).banners == expected.changed == 2
    expected = Forecast(banners=3, unlinked=2, kept=2)
    assert forecast(office, None) == expected
    assert link(office, None).banners == expected.changed == 2


@pytest.mark.requirement("C8")
def test_bringing_it_to_the_banners_can_be_switched_off(office: Office, settings: Settings) -> None:
    settings.ORGANIZATIONS_PROPAGATION = False
    assert forecast(office, ONE) == Forecast()
    link(office, ONE)
    assert current(office) == Linked(ONE)
    assert office.organizations() == {ONE: (CHAIN, "published")}
    assert office.manual() == []
    assert office.counters() == set()
    office.link(ONE)
    link(office, None)
    assert office.manual() == [ONE]


def test_history_tells_of_the_campaign_and_each_banner(office: Office) -> None:
    chosen = office.banner()
    office.link(OTHER, bid=chosen)
    link(office, ONE)
    link(office, None)
    told = [(each.bid, each.from_permalink, each.to_permalink) for each in office.history()]
    assert told == [
        (chosen, None, OTHER),
        (office.bid, None, ONE),
        (chosen, OTHER, ONE),
        (None, None, ONE),
        (office.bid, ONE, None),
        (chosen, ONE, None),
        (None, ONE, None),
    ]
    assert {(each.actor, each.uid, each.cid) for each in office.history()} == {
        (OWNER.name, OWNER.uid, office.cid)
    }


def test_what_is_another_clients_is_not_there(office: Office) -> None:
    change = link(office, ONE)
    stranger = sharded.client(shard=SHARD)
    for client_id in (stranger, sharded.client(shard=1), 1):
        with pytest.raises(NotYoursError):
            campaign_links.change(client_id=client_id, change_id=change.pk)
        office.client_id = client_id
        with pytest.raises(NotYoursError):
            current(office)
        with pytest.raises(NotYoursError):
            forecast(office, ONE)
        with pytest.raises(NotYoursError):
            link(office, ONE)


# No row of `organizations` is updated but by events: the trigger is the judge.
FORBID = """
CREATE FUNCTION pg_temp.forbid() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE 'organizations: % of a row', TG_OP; END $$;
CREATE TRIGGER forbid BEFORE UPDATE OR DELETE ON organizations
FOR EACH ROW EXECUTE FUNCTION pg_temp.forbid();
"""


@pytest.mark.requirement("R6")
@pytest.mark.requirement("R7")
@pytest.mark.requirement("R8")
@pytest.mark.requirement("R14")
def test_no_edit_updates_what_a_client_remembers(office: Office) -> None:
    number = office.phone(831)
    with connections["shard2"].cursor() as cursor:
        cursor.execute(FORBID)
    office.link(ONE)
    office.emulated.put(ONE, chain=None)
    link(office, ONE)
    office.link(OTHER, client_phone_id=number)
    link(office, OTHER, client_phone_id=number)
    office.link(ONE)
    link(office, None)
    office.link(None)
    assert office.organizations() == {ONE: (CHAIN, "published"), OTHER: (0, "published")}
