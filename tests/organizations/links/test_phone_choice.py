"""Who may show which number: role x kind of number, beside a banner's organization and a campaign's."""

import pytest

from organizations import campaign_links, phone_choice
from organizations.actors import Actor
from organizations.refusals import LinkRefusedError
from organizations.wishes import Wish
from tests import sharded
from tests.organizations.links.office import (
    ONE,
    OTHER,
    OWNER,
    SHARD,
    STRANGER,
    Office,
    everything,
)
from tests.sharded import on_shards

pytestmark = on_shards

NOBODY = Actor("script")  # without a passport
ON_BANNER, ON_CAMPAIGN = "banner", "campaign"
DOORS = pytest.mark.parametrize("door", [ON_BANNER, ON_CAMPAIGN])


def link(office: Office, door: str, permalink: int | None, number: int, actor: Actor) -> None:
    wish = Wish(permalink, client_phone_id=number)
    if door == ON_BANNER:
        office.link(permalink, client_phone_id=number, actor=actor)
        assert office.row(permalink or 0).client_phone_id == number
        return
    campaign_links.set_organization(
        client_id=office.client_id,
        cid=office.cid,
        wish=wish,
        actor=actor,
        directory=office.directory,
    )
    linked = campaign_links.current(client_id=office.client_id, cid=office.cid)
    assert linked.client_phone_id == number


def refusal(office: Office, door: str, permalink: int | None, number: int, actor: Actor) -> str:
    before = everything()
    with pytest.raises(LinkRefusedError) as raised:
        link(office, door, permalink, number, actor)
    assert everything() == before
    return raised.value.code


@DOORS
@pytest.mark.requirement("R32")
@pytest.mark.requirement("R39")
@pytest.mark.parametrize(
    ("actor", "kind", "of", "allowed"),
    [
        (OWNER, "manual", None, True),
        (OWNER, "telephony", None, True),
        (OWNER, "sprav", ONE, True),
        (OWNER, "sprav", OTHER, True),
        (STRANGER, "manual", None, False),
        (STRANGER, "telephony", None, True),
        (STRANGER, "sprav", ONE, True),
        (STRANGER, "sprav", OTHER, False),
        (NOBODY, "manual", None, False),
        (NOBODY, "telephony", None, True),
    ],
)
def test_owners_show_any_number_others_some(
    office: Office, *, door: str, actor: Actor, kind: str, of: int | None, allowed: bool
) -> None:
    number = office.phone(841, kind=kind, permalink=of)
    if allowed:
        link(office, door, ONE, number, actor)
    else:
        assert refusal(office, door, ONE, number, actor) == "phone.not_allowed"


@DOORS
@pytest.mark.requirement("R31")
@pytest.mark.requirement("R39")
def test_a_number_needs_an_organization(office: Office, door: str) -> None:
    number = office.phone(842)
    assert refusal(office, door, None, number, OWNER) == "phone.without_organization"


@DOORS
@pytest.mark.requirement("R18")
@pytest.mark.requirement("R39")
def test_a_number_is_one_of_the_clients(office: Office, door: str) -> None:
    strangers = office.phone(843, client_id=sharded.client(shard=SHARD))
    assert refusal(office, door, ONE, strangers, OWNER) == "phone.unknown"
    assert refusal(office, door, ONE, 844, OWNER) == "phone.unknown"


@DOORS
@pytest.mark.requirement("C23")
@pytest.mark.requirement("R32")
def test_who_cannot_be_asked_about_is_no_owner(office: Office, door: str) -> None:
    number = office.phone(845, kind="manual")
    office.emulated.script({"kind": "refuse", "status": 503}, endpoint="is-owner", forever=True)
    assert refusal(office, door, ONE, number, OWNER) == "phone.not_allowed"


@pytest.mark.requirement("R31")
def test_a_number_that_is_shown_may_stay(office: Office) -> None:
    """Whoever saves the form next."""
    number = office.phone(846, kind="manual")
    office.link(ONE, client_phone_id=number, actor=OWNER)

    def save() -> None:
        assert office.link(ONE, client_phone_id=number, prefer_vcard=True, actor=STRANGER)[1]

    assert office.asked_by(save) == {}
    assert refusal(office, ON_BANNER, OTHER, number, STRANGER) == "phone.not_allowed"


@pytest.mark.requirement("R32")
def test_what_is_offered_is_what_is_allowed(office: Office) -> None:
    telephony = office.phone(851)
    own = office.phone(852, kind="sprav", permalink=ONE)
    others = office.phone(853, kind="sprav", permalink=OTHER)
    typed = office.phone(854, kind="manual")
    office.phone(855, client_id=sharded.client(shard=SHARD))

    def offered(actor: Actor) -> list[int]:
        listed = phone_choice.offered(
            client_id=office.client_id, permalink=ONE, actor=actor, directory=office.directory
        )
        return [each.client_phone_id for each in listed]

    assert offered(OWNER) == [telephony, own, others, typed]
    assert offered(STRANGER) == [telephony, own]
    assert office.asked_by(lambda: offered(NOBODY)) == {}
