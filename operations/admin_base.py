"""What the admin pages of big, read-only tables have in common."""

from typing import Any

from django.core.paginator import Paginator
from django.db import connection
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property
from unfold.admin import ModelAdmin


class EstimatingPaginator(Paginator):  # type: ignore[type-arg] # unfold's base is untyped
    """Counts a whole table by PostgreSQL's own estimate: a million rows open at once.

    A search or a filter is counted exactly, but not beyond `MOST_COUNTED`.
    """

    MOST_COUNTED = 1_000

    @cached_property
    def count(self) -> int:
        rows: QuerySet[Any] = self.object_list  # type: ignore[assignment]
        if rows.query.where:
            return rows.order_by()[: self.MOST_COUNTED].count()
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = %s::regclass",
                [rows.model._meta.db_table],
            )
            estimate = int(cursor.fetchone()[0])
        if estimate > self.MOST_COUNTED:
            return estimate
        return rows.order_by()[: self.MOST_COUNTED].count()


class ReadOnlyAdmin(ModelAdmin):
    """Looked at, searched and linked to; changed only by the service itself."""

    show_full_result_count = False
    paginator = EstimatingPaginator
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(
        self,
        request: HttpRequest,
        obj: object | None = None,
    ) -> bool:
        return False

    def has_delete_permission(
        self,
        request: HttpRequest,
        obj: object | None = None,
    ) -> bool:
        return False
