"""A campaign's organization through the API: counted before, done at once or left to a worker."""

import pytest

from ads.models import Banner
from ads.shards import use_shard
from organizations import campaign_changes
from organizations.campaign_links import MOST_AT_ONCE
from organizations.models import BannerPermalink
from tests.clients.directory.conftest import Emulated
from tests.organizations.api.conftest import Api
from tests.sharded import banner, campaign, on_shards

pytestmark = on_shards

SHOP, OTHER = 71, 72
NOTHING = {"permalink": None, "chain_id": 0, "client_phone_id": None}
NO_BANNERS = {
    "banners": 0, "changed": 0, "linked": 0, "replaced": 0, "phones": 0, "unlinked": 0, "kept": 0,
    "later": False,
}  # fmt: skip


@pytest.fixture
def cid(client_id: int) -> int:
    return campaign(client_id=client_id, shard=2)


@pytest.fixture
def path(client_id: int, cid: int) -> str:
    return f"/clients/{client_id}/campaigns/{cid}/organization"


def linked(cid: int) -> list[int]:
    with use_shard(2):
        bids = Banner.objects.filter(campaign_id=cid).values("bid")
        return list(
            BannerPermalink.objects.filter(bid__in=bids).values_list("permalink", flat=True)
        )


def fill(cid: int, *, banners: int) -> None:
    first = banner(cid=cid, shard=2) * 10_000
    with use_shard(2):
        Banner.objects.bulk_create(
            Banner(bid=first + number, campaign_id=cid, banner_type=Banner.Type.TEXT)
            for number in range(banners - 1)
        )


def test_a_campaign_and_its_banners_get_it_at_once(
    api: Api, cid: int, path: str, emulated: Emulated
) -> None:
    emulated.put(SHOP)
    fill(cid, banners=2)
    assert api.get(path).body == NOTHING
    forecast = api.post(f"{path}/forecast", {"permalink": SHOP})
    assert forecast.body == NO_BANNERS | {"banners": 2, "changed": 2, "linked": 2}
    assert linked(cid) == []
    put = api.put(path, {"permalink": SHOP})
    assert put.status == 200
    assert put.body == {
        "id": put.body["id"], "cid": cid, "state": "done", "permalink": SHOP,
        "client_phone_id": None, "banners": 2, "reason": "",
    }  # fmt: skip
    assert linked(cid) == [SHOP, SHOP]
    assert api.get(path).body == NOTHING | {"permalink": SHOP}


def test_said_twice_nothing_is_left_to_do(
    api: Api, cid: int, path: str, emulated: Emulated
) -> None:
    emulated.put(SHOP)
    fill(cid, banners=1)
    api.put(path, {"permalink": SHOP})
    again = api.put(path, {"permalink": SHOP})
    assert (again.status, again.body["id"], again.body["state"]) == (200, None, "done")
    first, second = api.delete(path), api.delete(path)
    assert (first.status, first.body["banners"], first.body["permalink"]) == (200, 1, None)
    assert (second.status, second.body["id"]) == (200, None)
    assert linked(cid) == []


def test_many_banners_are_answered_with_where_to_look(
    api: Api, client_id: int, cid: int, path: str, emulated: Emulated
) -> None:
    emulated.put(SHOP)
    fill(cid, banners=MOST_AT_ONCE + 1)
    assert api.post(f"{path}/forecast", {"permalink": SHOP}).body["later"]
    put = api.put(path, {"permalink": SHOP})
    assert (put.status, put.body["state"]) == (202, "waiting")
    place = put.headers["Location"]
    assert place == f"/api/organizations/clients/{client_id}/changes/{put.body['id']}"
    place = place.removeprefix("/api/organizations")
    assert api.get(place).body == put.body
    emulated.put(OTHER)
    refused = api.put(path, {"permalink": OTHER})
    assert (refused.status, refused.code) == (409, "campaign.too_many_changes")
    with use_shard(2):
        assert campaign_changes.carry_out(change_id=put.body["id"])
    done = api.get(place).body
    assert (done["state"], done["banners"]) == ("done", MOST_AT_ONCE + 1)


@pytest.mark.requirement("R31")
@pytest.mark.requirement("R36")
@pytest.mark.requirement("R39")
@pytest.mark.requirement("R40")
@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"permalink": SHOP}, "organization.not_published"),
        ({"permalink": OTHER}, "organization.not_found"),
        ({"permalink": None, "client_phone_id": 5}, "phone.without_organization"),
        ({"permalink": SHOP, "client_phone_id": 5}, "phone.unknown"),
    ],
)
def test_what_cannot_be_linked_is_refused(
    api: Api, path: str, emulated: Emulated, wish: dict[str, object], code: str
) -> None:
    emulated.put(SHOP, publishing_status="MOVED")
    refused = api.put(path, wish)
    assert (refused.status, refused.code) == (422, code)
    assert api.get(path).body == NOTHING


def test_a_campaign_has_no_vcard(api: Api, path: str) -> None:
    assert api.put(path, {"permalink": SHOP, "prefer_vcard": True}).code == "request.invalid"


@pytest.mark.parametrize("change_id", [1, 0, "a", 2**63])
def test_a_change_that_there_is_not(api: Api, client_id: int, change_id: object) -> None:
    assert api.get(f"/clients/{client_id}/changes/{change_id}").code == "not_found"
