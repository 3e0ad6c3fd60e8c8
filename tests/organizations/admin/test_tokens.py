"""Tokens as a list."""

import pytest
from django.test import Client

from organizations import api_tokens
from organizations.models import ApiToken
from tests import sharded


@sharded.on_shards
def test_tokens_are_listed_without_what_opens(admin_client: Client) -> None:
    clients = [sharded.client(shard=1) for _ in range(7)]
    token = api_tokens.issue(name="интерфейс", client_ids=clients, uid=77)
    api_tokens.revoke(token_id=ApiToken.objects.get().pk)
    api_tokens.issue(name="отчёты", client_ids=clients[:1])
    listed = admin_client.get("/admin/organizations/apitoken/").content.decode()
    for shown in ("интерфейс", "отчёты", "и ещё 2", "отозван", "действует", token[:8]):
        assert shown in listed
    pk = ApiToken.objects.get(name="интерфейс").pk
    page = admin_client.get(f"/admin/organizations/apitoken/{pk}/change/").content.decode()
    assert str(clients[6]) in page
    for hidden in (token, bytes(ApiToken.objects.get(pk=pk).digest).hex()):
        assert hidden not in listed + page


@pytest.mark.parametrize("path", ["add/", "1/delete/"])
@sharded.on_shards
def test_nobody_changes_tokens_here(admin_client: Client, path: str) -> None:
    assert admin_client.get(f"/admin/organizations/apitoken/{path}").status_code in {302, 403}
