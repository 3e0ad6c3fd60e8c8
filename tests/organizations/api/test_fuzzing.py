"""Whatever is sent, what comes back is in the schema, and no error of ours.

FUZZ_EXAMPLES: how many cases of each operation (`make fuzz-api` for many).
"""

import os
from collections.abc import Iterator

import pytest
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from organizations import api_tokens
from tests.clients.directory.conftest import Emulated
from tests.organizations.api.fuzzing import Found, explore
from tests.sharded import banner, campaign, client, committed_on_shards

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "5"))
SEED = int(os.environ.get("FUZZ_SEED", "1"))
SHOPS = (1, 2, 3)  # numbers that generators like


@pytest.fixture
def server(settings: Settings, emulated: Emulated) -> Iterator[str]:
    settings.ORGANIZATIONS_API_RATE = 10_000
    for permalink in SHOPS:
        emulated.put(permalink, owner_uids=[1])
    emulated.put(4, head_permalink=1)
    emulated.put(5, publishing_status="CLOSED")
    served = LiveServer("127.0.0.1")
    yield served.url
    served.stop()


def told(found: Found) -> None:
    assert not found.failures, found.told()


@committed_on_shards
def test_what_a_token_may_ask_about(server: str) -> None:
    client_id = client(shard=2)
    cid = campaign(client_id=client_id, shard=2)
    bid = banner(cid=cid, shard=2)
    token = api_tokens.issue(name="schemathesis", client_ids=[client_id], uid=1)
    ids = {"client_id": client_id, "cid": cid, "bid": bid}
    found = explore(url=server, token=token, examples=EXAMPLES, seed=SEED, ids=ids)
    told(found)
    for label in {label for label, _ in found.answers}:
        assert {200, 202, 204} & {status for each, status in found.answers if each == label}, label


@committed_on_shards
def test_what_is_a_strangers(server: str) -> None:
    stranger = client(shard=1)
    cid = campaign(client_id=stranger, shard=1)
    ids = {"client_id": stranger, "cid": cid, "bid": banner(cid=cid, shard=1)}
    token = api_tokens.issue(name="schemathesis", client_ids=[client(shard=2)], uid=1)
    found = explore(url=server, token=token, examples=EXAMPLES, seed=SEED, ids=ids)
    told(found)
