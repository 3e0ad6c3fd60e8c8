"""The admin's sidebar: every application as it is, and the pages that are no model's."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

# Title, address and the permission without which it is not shown.
ORGANIZATIONS = (
    ("Где привязаны", "organizations-admin:look", "organizations.view_organization"),
    ("Изменения кампаний", "organizations-admin:changes", "organizations.view_campaignchange"),
    ("События Справочника", "organizations-admin:events", "organizations.view_statusevent"),
)


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Groups of links, as unfold's setting SIDEBAR has them."""
    pages = [
        {"title": title, "link": reverse(name), "active": request.path == reverse(name)}
        for title, name, permission in ORGANIZATIONS
        if request.user.has_perm(permission)
    ]
    groups = [
        {"title": app["name"], "items": [_item(model) for model in app["models"]]}
        for app in admin.site.get_app_list(request)
    ]
    return [*groups, {"title": "Организации Справочника", "items": pages}]


def _item(model: dict[str, Any]) -> dict[str, Any]:
    return {"title": model["name"], "link": model["admin_url"]}
