"""Whatever is sent, what comes back is in the schema, and no error of ours.

FUZZ_EXAMPLES: how many cases of each operation (`make fuzz-api` for many).
"""

import logging
import os
from collections.abc import Iterator
from contextlib import closing

import pytest
from django.utils import timezone
from pytest_django import Settings

from ads.shards import use_shard
from organizations import api_tokens
from organizations.models import BannerPermalink, CampaignChange
from tests.clients.directory.conftest import Emulated
from tests.organizations.api import contract
from tests.organizations.api.fuzzing import PHASES, Found, Served, explore
from tests.sharded import banner, campaign, client, committed_on_shards

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "0"))
FEW = 3
IN_THE_SUITE = ("coverage", "fuzzing")  # seconds; what follows answers takes longer
SEED = int(os.environ.get("FUZZ_SEED", "1"))
UID = 1
FINE = {200, 202, 204}
GET_INFO = "POST /api/organizations/get_info"
SHOPS = (1, 2, 3)  # numbers that generators like


@pytest.fixture
def url(settings: Settings, emulated: Emulated, caplog: pytest.LogCaptureFixture) -> Iterator[str]:
    caplog.set_level(logging.ERROR, "django.request")  # a line for each refusal
    settings.ORGANIZATIONS_API_RATE = 10_000
    for permalink in SHOPS:
        emulated.put(permalink, owner_uids=[UID])
    emulated.put(SHOPS[-1] + 1, head_permalink=SHOPS[0])
    emulated.put(SHOPS[-1] + 2, publishing_status="CLOSED")
    with closing(Served()) as served:
        yield served.url


def ids_of_a_client(*, shard: int) -> dict[str, int]:
    """As addresses name them. The shops are recommended for the banner."""
    client_id = client(shard=shard)
    cid = campaign(client_id=client_id, shard=shard)
    bid = banner(cid=cid, shard=shard)
    with use_shard(shard):
        for permalink in SHOPS:
            BannerPermalink.objects.create(
                bid=bid, permalink=permalink, permalink_assign_type="auto"
            )
        CampaignChange.objects.create(
            id=2**63 - 1,  # an edge that generators try, and no number that a change gets
            client_id=client_id,
            cid=cid,
            actor="кто",
            propagates=True,
            asked_at=timezone.now(),
            state=CampaignChange.State.DONE,
        )
    return {"client_id": client_id, "cid": cid, "bid": bid}


@committed_on_shards
def test_what_a_token_may_ask_about(url: str) -> None:
    ids = ids_of_a_client(shard=2)
    token = api_tokens.issue(name="schemathesis", client_ids=[ids["client_id"]], uid=UID)
    found = explored(url, token, ids, IN_THE_SUITE)
    assert {label for label, status in found.answers if status in FINE} == found.operations


@committed_on_shards
def test_what_is_a_strangers(url: str) -> None:
    ids = ids_of_a_client(shard=1)
    token = api_tokens.issue(name="schemathesis", client_ids=[client(shard=2)], uid=UID)
    found = explored(url, token, ids, IN_THE_SUITE[1:])
    assert {label for label, status in found.answers if status in FINE} == {GET_INFO}


def explored(url: str, token: str, ids: dict[str, int], few: tuple[str, ...]) -> Found:
    """No promise was broken."""
    found = explore(
        url=url,
        token=token,
        examples=EXAMPLES or FEW,
        seed=SEED,
        ids=ids,
        phases=PHASES if EXAMPLES else few,
    )
    print(f"{sum(found.answers.values())} requests; answers: {found.statuses}")  # noqa: T201 - make fuzz-api
    assert not found.failures, found.told()
    assert len(found.operations) == len(contract.operations())
    return found
