"""Tokens of the API: who has one, for whom, and whether it is used. `manage.py organizations_token`
issues and revokes them.
"""

from django.contrib import admin

from operations.admin_base import ReadOnlyAdmin
from organizations.admin import tables
from organizations.models import ApiToken

MOST_CLIENTS = 5  # in a row of the list; all of them are on the token's page


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin):
    """The token itself is nowhere: only its digest is kept, and that is not shown either."""

    list_display = (
        "id", "name", "start", "uid", "shown_clients", "created_at", "used_at", "shown_state"
    )  # fmt: skip
    list_display_links = ("id", "name")
    search_fields = ("name", "start", "=uid")
    ordering = ("-id",)
    fields = ("name", "start", "uid", "client_ids", "created_at", "used_at", "revoked_at")

    @admin.display(description="клиенты")
    def shown_clients(self, token: ApiToken) -> str:
        """The first ones, and how many more."""
        more = len(token.client_ids) - MOST_CLIENTS
        first = ", ".join(map(str, token.client_ids[:MOST_CLIENTS]))
        return first if more <= 0 else f"{first} и ещё {more}"

    @admin.display(description="состояние")
    def shown_state(self, token: ApiToken) -> str:
        """Revoked ones stay in the list: history names them."""
        is_valid = token.revoked_at is None
        return tables.label("green" if is_valid else "red", "действует" if is_valid else "отозван")
