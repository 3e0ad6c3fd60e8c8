"""What an operator sees of the account, and the one thing that can be done there."""

from pathlib import Path

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from crm import flood_block
from crm.models import CatalogueField, FloodBlock, OAuthToken
from tests.clients.emulated import Control

pytestmark = pytest.mark.django_db

BLOCKS = "admin:crm_floodblock_changelist"


@pytest.fixture(autouse=True)
def static_root(settings: Settings, tmp_path: Path) -> None:
    """WhiteNoise warns where there is none."""
    settings.STATIC_ROOT = tmp_path


def press_lift(client: Client) -> str:
    block = FloodBlock.objects.get()
    pressed = {"action": "lift", ACTION_CHECKBOX_NAME: [block.pk]}
    return client.post(reverse(BLOCKS), pressed, follow=True).content.decode()


def test_tokens_are_listed_without_their_ciphertexts(oauth: Control, admin_client: Client) -> None:
    row = OAuthToken.objects.get()
    shown = admin_client.get(reverse("admin:crm_oauthtoken_changelist")).content.decode()
    one = admin_client.get(reverse("admin:crm_oauthtoken_change", args=[row.pk])).content.decode()
    assert row.account in shown
    assert row.access_token not in shown + one
    assert row.refresh_token not in shown + one


@pytest.mark.parametrize("model", ["oauthtoken", "floodblock", "cataloguefield"])
def test_nothing_can_be_added_by_hand(admin_client: Client, model: str) -> None:
    assert admin_client.get(reverse(f"admin:crm_{model}_add")).status_code == 403


def test_nothing_can_be_deleted_by_hand(oauth: Control, admin_client: Client) -> None:
    url = reverse("admin:crm_oauthtoken_delete", args=[OAuthToken.objects.get().pk])
    assert admin_client.post(url, {"post": "yes"}).status_code == 403
    assert OAuthToken.objects.exists()


def test_fields_are_listed(admin_client: Client) -> None:
    CatalogueField.objects.create(
        entity="companies", code="AMONITION_X", field_id=1, name="Поле", kind="text"
    )
    url = reverse("admin:crm_cataloguefield_changelist")
    assert "AMONITION_X" in admin_client.get(url, {"q": "AMONITION"}).content.decode()


def test_block_is_lifted_by_its_button(amocrm: Control, admin_client: Client) -> None:
    flood_block.record(reason="403")
    assert "Блокировка снята" in press_lift(admin_client)
    assert FloodBlock.objects.get().opened_by == "admin"


def test_who_may_only_look_has_no_button(amocrm: Control, client: Client) -> None:
    viewer = User.objects.create_user("viewer", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_floodblock"))
    client.force_login(viewer)
    flood_block.record(reason="403")
    press_lift(client)
    assert flood_block.is_blocked()
