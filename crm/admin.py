"""The account in amoCRM, for whoever is on call: everything to be seen, one thing to be done."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from clients.pacing import PaceUnavailableError
from crm import flood_block
from crm.models import CatalogueField, FloodBlock, OAuthToken


class ReadOnlyAdmin(ModelAdmin):
    """Nothing is added, changed or deleted by hand."""

    def has_add_permission(self, _request: HttpRequest, *_: Any) -> bool:
        return False

    def has_change_permission(self, _request: HttpRequest, _row: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _row: Model | None = None) -> bool:
        return False


@admin.register(OAuthToken)
class OAuthTokenAdmin(ReadOnlyAdmin):
    """Not even the ciphertexts are shown."""

    list_display = ("account", "state", "expires_at", "refreshed_at", "version")
    fields = list_display


@admin.register(FloodBlock)
class FloodBlockAdmin(ReadOnlyAdmin):
    list_display = ("started_at", "reason", "opened_at", "opened_by")
    actions = ("lift",)

    @admin.action(description="Снять блокировку", permissions=["lift"])
    def lift(self, request: HttpRequest, _rows: QuerySet[FloodBlock]) -> None:
        """There is one block at most, so which rows were ticked does not matter."""
        try:
            lifted = flood_block.lift(who=request.user.get_username())
        except PaceUnavailableError as error:
            self.message_user(request, f"Redis не отвечает: {error}", messages.ERROR)
            return
        text = "Блокировка снята" if lifted else "Открытой блокировки не было"
        self.message_user(request, text, messages.SUCCESS if lifted else messages.WARNING)

    def has_lift_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("crm.change_floodblock")


@admin.register(CatalogueField)
class CatalogueFieldAdmin(ReadOnlyAdmin):
    list_display = ("code", "name", "kind", "field_id", "seen_at")
    search_fields = ("code", "name")
