"""Lists of big tables: in the order of an index, searched by index, never counted."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from operations.admin_base import ReadOnlyAdmin
from webhooks.admin.showing import wanted_number

NO_ACTION = ("", "Выберите действие")


class BigTableAdmin(ReadOnlyAdmin):
    """Two weeks of webhooks may be a million rows."""

    sortable_by = ()
    show_facets = admin.ShowFacets.NEVER  # they count the table once for each choice
    list_fullwidth = True
    empty_value_display = "—"

    def get_action_choices(self, request: HttpRequest) -> list[tuple[str, str]]:
        """The first one is unfold's, which has no Russian."""
        _, *actions = super().get_action_choices(request)
        return [NO_ACTION, *actions]


class NumberSearchAdmin(BigTableAdmin):
    """Search by a whole number or a pasted link. The newest rows come first."""

    ordering = ("-id",)
    search_fields = ("pk",)  # shows the box; `get_search_results` does the search

    def get_search_results(
        self, _request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Half a number finds nothing."""
        if not search_term.strip():
            return queryset, False
        number = wanted_number(search_term)
        found = queryset.none() if number is None else queryset.filter(self.about(number))
        return found, False

    def about(self, number: int) -> Q:
        """Which rows a number means."""
        raise NotImplementedError
