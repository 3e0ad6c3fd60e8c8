"""A banner's organization through the API: linked, looked at, unlinked, recommended, rejected."""

import pytest

from ads.models import BsEntry, ClientPhone
from ads.shards import use_shard
from organizations.models import BannerPermalink, LinkHistory
from tests.clients.directory.conftest import Emulated
from tests.organizations.api.conftest import UID, Api
from tests.sharded import banner, campaign, on_shards

pytestmark = on_shards

SHOP, ORIGINAL, CHAIN = 61, 62, 71
NOTHING = {"permalink": None, "chain_id": 0, "client_phone_id": None, "prefer_vcard": False}


@pytest.fixture
def bid(client_id: int) -> int:
    return banner(cid=campaign(client_id=client_id, shard=2), shard=2)


@pytest.fixture
def path(client_id: int, bid: int) -> str:
    return f"/clients/{client_id}/banners/{bid}"


def automatic(bid: int, permalink: int) -> None:
    with use_shard(2):
        BannerPermalink.objects.create(
            bid=bid, permalink=permalink, chain_id=CHAIN, permalink_assign_type="auto"
        )


def phone(client_id: int, *, kind: str) -> int:
    with use_shard(2):
        return ClientPhone.objects.create(
            client_phone_id=client_id * 10 + len(kind), client_id=client_id, kind=kind, number="+7"
        ).client_phone_id


def sendings() -> list[tuple[int, str]]:
    with use_shard(2):
        return list(BsEntry.objects.values_list("version", "reason"))


@pytest.mark.requirement("R30")
def test_what_is_put_is_there(api: Api, path: str, emulated: Emulated) -> None:
    emulated.put(SHOP, chain={"id": CHAIN, "name": "Сеть"})
    assert api.get(f"{path}/organization").body == NOTHING
    put = api.put(f"{path}/organization", {"permalink": SHOP, "prefer_vcard": True})
    assert put.status == 200
    assert put.body == NOTHING | {"permalink": SHOP, "chain_id": CHAIN, "prefer_vcard": True}
    assert api.get(f"{path}/organization").body == put.body
    with use_shard(2):
        written = LinkHistory.objects.get()
    assert (written.actor, written.uid) == ("интерфейс", UID)


@pytest.mark.requirement("R54")
def test_said_twice_nothing_changes_twice(
    api: Api, path: str, bid: int, emulated: Emulated
) -> None:
    emulated.put(SHOP)
    first, again = (api.put(f"{path}/organization", {"permalink": SHOP}) for _ in range(2))
    assert (first.status, first.body) == (again.status, again.body)
    assert sendings() == [(1, "organization_linked")]
    assert [api.delete(f"{path}/organization").status for _ in range(2)] == [204, 204]
    assert sendings() == [(2, "organization_unlinked")]
    automatic(bid, SHOP)
    rejection = f"{path}/recommendations/{SHOP}/rejection"
    assert [api.put(rejection, None).status for _ in range(2)] == [204, 204]


@pytest.mark.parametrize("unlink", [{"permalink": None}, {"permalink": None, "prefer_vcard": True}])
def test_a_put_of_nothing_unlinks(
    api: Api, path: str, emulated: Emulated, unlink: dict[str, object]
) -> None:
    emulated.put(SHOP)
    api.put(f"{path}/organization", {"permalink": SHOP})
    assert api.put(f"{path}/organization", unlink).body == NOTHING


@pytest.mark.requirement("R36")
@pytest.mark.parametrize("said", ["MOVED", "TEMPORARILY_CLOSED", "CLOSED", "GEO_SPAM", "NEW"])
def test_what_is_not_published_is_refused_at_the_door(
    api: Api, path: str, emulated: Emulated, said: str
) -> None:
    emulated.put(SHOP, publishing_status=said)
    refused = api.put(f"{path}/organization", {"permalink": SHOP})
    assert (refused.status, refused.code) == (422, "organization.not_published")
    assert "выберите другую" in refused.body["detail"]
    assert api.get(f"{path}/organization").body == NOTHING
    assert sendings() == []


@pytest.mark.requirement("R36")
def test_a_refusal_names_what_to_link_instead(api: Api, path: str, emulated: Emulated) -> None:
    emulated.put(SHOP, head_permalink=ORIGINAL)
    refused = api.put(f"{path}/organization", {"permalink": SHOP})
    assert (refused.status, refused.code) == (422, "organization.duplicate_of")
    assert f"привяжите {ORIGINAL}" in refused.body["detail"]
    assert refused.body["details"] == {"permalink": SHOP, "original": ORIGINAL}


def test_an_organization_that_is_unknown_is_refused(
    api: Api, path: str, emulated: Emulated
) -> None:
    refused = api.put(f"{path}/organization", {"permalink": 2**63 - 1})
    assert (refused.status, refused.code) == (422, "organization.not_found")


def test_a_directory_that_is_away_refuses_a_new_link_alone(
    api: Api, path: str, emulated: Emulated
) -> None:
    emulated.put(SHOP)
    api.put(f"{path}/organization", {"permalink": SHOP})
    emulated.script({"kind": "refuse", "status": 400}, forever=True)
    assert api.put(f"{path}/organization", {"permalink": SHOP, "prefer_vcard": True}).status == 200
    refused = api.put(f"{path}/organization", {"permalink": ORIGINAL})
    assert (refused.status, refused.code) == (503, "organization.directory_unavailable")
    assert refused.headers["Retry-After"] == "60"


@pytest.mark.requirement("R31")
def test_a_phone_needs_an_organization(
    api: Api, client_id: int, path: str, emulated: Emulated
) -> None:
    wish = {"permalink": None, "client_phone_id": phone(client_id, kind="telephony")}
    refused = api.put(f"{path}/organization", wish)
    assert (refused.status, refused.code) == (422, "phone.without_organization")


@pytest.mark.parametrize("owns", [False, True])
def test_what_is_offered_is_taken_and_nothing_else(
    api: Api, client_id: int, path: str, emulated: Emulated, owns: bool
) -> None:
    emulated.put(SHOP, owner_uids=[UID] if owns else [])
    offered = ["manual", "telephony"] if owns else ["telephony"]
    theirs = {kind: phone(client_id, kind=kind) for kind in ("manual", "telephony")}
    listed = api.get(f"/clients/{client_id}/organizations/{SHOP}/phones").body["phones"]
    assert [each["kind"] for each in listed] == offered
    assert {each["client_phone_id"] for each in listed} == {theirs[kind] for kind in offered}
    for kind, number in theirs.items():
        wish = {"permalink": SHOP, "client_phone_id": number}
        answered = api.put(f"{path}/organization", wish)
        if kind in offered:
            assert answered.body["client_phone_id"] == number
        else:
            assert (answered.status, answered.code) == (422, "phone.not_allowed")


@pytest.mark.requirement("R54")
def test_hiding_a_recommendation_is_done_at_once(
    api: Api, path: str, bid: int, emulated: Emulated
) -> None:
    automatic(bid, SHOP)
    listed = api.get(f"{path}/recommendations").body["recommendations"]
    assert listed == [{"permalink": SHOP, "chain_id": CHAIN}]
    assert api.put(f"{path}/recommendations/{SHOP}/rejection", None).status == 204
    assert api.get(f"{path}/recommendations").body == {"recommendations": []}
    with use_shard(2):
        assert BannerPermalink.objects.get(bid=bid).permalink_assign_type == "auto"


def test_what_was_not_recommended_cannot_be_hidden(api: Api, path: str) -> None:
    assert api.put(f"{path}/recommendations/{SHOP}/rejection", None).code == "not_found"


@pytest.mark.parametrize("permalink", ["0", "-1", "01", "a", "1.0", "٣", str(2**63)])
def test_a_permalink_that_is_none_is_a_400(api: Api, client_id: int, permalink: str) -> None:
    refused = api.get(f"/clients/{client_id}/organizations/{permalink}/phones")
    assert (refused.status, refused.code) == (400, "request.invalid")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"permalink": 2**63},
        {"permalink": 2**70},
        {"permalink": SHOP, "client_phone_id": 2**63},
        {"permalink": SHOP, "client_phone_id": "1"},
        {"permalink": SHOP, "prefer_vcard": "true"},
        {"permalink": SHOP, "prefer_vcard": None},
        {"permalink": SHOP, "prefer_Vcard": True},
    ],
)
def test_a_wrong_wish_is_a_400(api: Api, path: str, body: object) -> None:
    refused = api.put(f"{path}/organization", body)
    assert (refused.status, refused.code) == (400, "request.invalid")
    assert sendings() == []
