"""What is not the token's looks like nothing, wherever it is asked for."""

import pytest

from ads.models import Client
from organizations import api_tokens
from tests.clients.directory.conftest import Emulated
from tests.organizations.api import contract
from tests.organizations.api.conftest import Answered, Api
from tests.sharded import banner, campaign, client, on_shards

Operation = tuple[str, str]  # method and path

SHOP = 61
OF_CLIENTS = [each for each in contract.operations() if "{client_id}" in each[1]]
OF_THINGS = [each for each in OF_CLIENTS if "/{bid}/" in each[1] or "/{cid}/" in each[1]]
WISH = {"permalink": SHOP}

pytestmark = on_shards
everywhere = pytest.mark.parametrize("operation", OF_CLIENTS, ids=" ".join)


def ask(api: Api, operation: Operation, **ids: object) -> Answered:
    method, path = operation
    given = {"bid": 1, "cid": 1, "permalink": SHOP, "change_id": 1, **ids}
    return api.ask(method, path.format_map(given), WISH if method in {"PUT", "POST"} else None)


@pytest.fixture
def nothing(api: Api) -> bytes:
    """What is said of an address that nobody ever thought of."""
    answered = api.get("/nothing")
    assert (answered.status, answered.code) == (404, "not_found")
    return answered.content


@everywhere
@pytest.mark.parametrize("shard", [1, 2])
def test_a_strangers_client(
    api: Api, nothing: bytes, emulated: Emulated, operation: Operation, shard: int
) -> None:
    stranger = client(shard=shard)
    cid = campaign(client_id=stranger, shard=shard)
    theirs = {"cid": cid, "bid": banner(cid=cid, shard=shard)}
    assert ask(api, operation, client_id=stranger, **theirs).content == nothing
    assert emulated.asked() == {}


@everywhere
def test_a_client_that_there_is_not(api: Api, nothing: bytes, operation: Operation) -> None:
    unknown = [5, 0, -1, 2**63, 2**70, "a", "%D9%A3", "1%2F2", " 1", "01"]
    answers = {ask(api, operation, client_id=each).content for each in unknown}
    assert answers == {nothing}


@everywhere
def test_a_client_that_has_gone(
    emulated: Emulated, nothing: bytes, client_id: int, operation: Operation
) -> None:
    token = Api(api_tokens.issue(name="кто", client_ids=[client_id]))
    Client.objects.all().delete()
    assert ask(token, operation, client_id=client_id).content == nothing


@pytest.mark.parametrize("operation", OF_THINGS, ids=" ".join)
@pytest.mark.parametrize("owner", ["another", "nobody", "no number"])
def test_a_thing_of_another_client(
    api: Api,
    client_id: int,
    nothing: bytes,
    operation: Operation,
    owner: str,
) -> None:
    cid = campaign(client_id=client(shard=2), shard=2)
    owned: dict[str, dict[str, object]] = {
        "another": {"cid": cid, "bid": banner(cid=cid, shard=2)},
        "nobody": {"cid": 2**63 - 1, "bid": 2**63 - 1},
        "no number": {"cid": 2**63, "bid": "a"},
    }
    assert ask(api, operation, client_id=client_id, **owned[owner]).content == nothing


@pytest.mark.parametrize("operation", contract.operations(), ids=" ".join)
def test_nobody_without_a_token(emulated: Emulated, client_id: int, operation: Operation) -> None:
    assert ask(Api(""), operation, client_id=client_id).code == "token.invalid"
