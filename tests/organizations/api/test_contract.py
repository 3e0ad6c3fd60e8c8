"""The schema: written down, complete, and served."""

from django.test import Client

from tests.organizations.api import contract
from tests.sharded import on_shards

BODIES = {"post", "put"}


def test_the_contract_is_what_the_views_say() -> None:
    assert contract.WRITTEN.read_text() == contract.text(), "make schema"


def test_every_operation_tells_how_it_refuses() -> None:
    for path, operations in contract.schema()["paths"].items():
        for method, operation in operations.items():
            answers = set(operation["responses"])
            assert answers & {"200", "202", "204"}, (method, path)
            assert {"401", "405", "429", "503"} <= answers
            assert ("404" in answers) == ("{client_id}" in path)
            if "requestBody" in operation:
                assert {"400", "411", "413", "415"} <= answers
            for status, answer in operation["responses"].items():
                kinds = set(answer.get("content", {}))
                wanted = {"204": set(), "200": {"application/json"}, "202": {"application/json"}}
                assert kinds == wanted.get(status, {"application/problem+json"}), (method, path)


@on_shards
def test_the_served_schema_has_the_same_operations(client: Client) -> None:
    served = client.get("/api/schema/?format=json").json()["paths"]
    assert contract.schema()["paths"].keys() <= served.keys()
