"""Companies and what became of sellers, for the person on call. Everything here is read-only."""

import re

from django.conf import settings
from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from unfold.decorators import action, display

from companies import rejections
from companies.models import (
    Company,
    CompanyDuplicate,
    CreateAttempt,
    Rejection,
    SellerSync,
    StatusField,
)
from operations.admin_base import ReadOnlyAdmin

CARD = re.compile(r"/companies/detail/(\d+)")  # the link a manager pastes from amoCRM


def _card(company_id: str) -> str:
    url = f"{settings.AMOCRM_URL}/companies/detail/{company_id}"
    return format_html('<a class="underline" href="{}" target="_blank">{}</a>', url, company_id)


class ExactSearchAdmin(ReadOnlyAdmin):
    """Search by whole ids, so by index: a table of a million rows answers at once."""

    exact_fields: tuple[str, ...] = ()
    sortable_by = ("seller_id",)  # the other columns have no index, and a million rows to sort
    search_fields = ("pk",)  # shows the box; `get_search_results` does the search

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Company], search_term: str
    ) -> tuple[QuerySet[Company], bool]:
        """A seller id, a company id, or a pasted link to a card."""
        term = search_term.strip()
        if not term:
            return queryset, False
        found = CARD.search(term)
        wanted = found.group(1) if found else term
        matches = queryset.none()
        for name in self.exact_fields:
            matches = matches | queryset.filter(**{name: wanted})
        return matches, False


@admin.register(Company)
class CompanyAdmin(ExactSearchAdmin):
    list_display = ("seller_id", "shown_card", "linked_at")
    exact_fields = ("seller_id", "company_id")
    ordering = ("seller_id",)
    search_help_text = "ID продавца, ID компании или ссылка на карточку в amoCRM — целиком"
    fields = ("seller_id", "shown_card", "linked_at", "shown_state", "shown_confirmed")
    readonly_fields = fields

    @display(description="карточка в amoCRM")
    def shown_card(self, company: Company) -> str:
        return _card(company.company_id)

    @display(description="состояние")
    def shown_state(self, company: Company) -> str:
        sync = SellerSync.objects.filter(pk=company.seller_id).first()
        return SellerSync.State(sync.state).label if sync else "—"

    @display(description="подтверждена amoCRM")
    def shown_confirmed(self, company: Company) -> object:
        sync = SellerSync.objects.filter(pk=company.seller_id).first()
        return sync.confirmed_at if sync and sync.confirmed_at else "—"


@admin.register(SellerSync)
class SellerSyncAdmin(ExactSearchAdmin):
    list_display = ("seller_id", "state", "as_of", "confirmed_at")
    list_filter = ("state",)
    exact_fields = ("seller_id",)
    ordering = ("seller_id",)
    search_help_text = "ID продавца целиком"
    exclude = ("fingerprint", "source", "refused")


@admin.register(Rejection)
class RejectionAdmin(ExactSearchAdmin):
    """Grouped by error: the table above the rows says how many sellers each error costs."""

    list_display = ("seller_id", "what", "code", "path", "detail", "times", "first_at", "last_at")
    list_filter = ("what", "code", "path")
    exact_fields = ("seller_id",)
    ordering = ("code", "path", "seller_id")
    search_help_text = "ID продавца целиком"
    actions = ("retry",)
    list_before_template = "companies/rejections_by_error.html"

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, object] | None = None
    ) -> object:
        groups = (
            Rejection.objects.values("code", "path")
            .annotate(sellers=Count("seller_id"))
            .order_by("-sellers")[:20]
        )
        return super().changelist_view(request, {**(extra_context or {}), "groups": groups})

    @action(description="Отправить снова со следующей выгрузкой", permissions=["operate"])
    def retry(self, request: HttpRequest, chosen: QuerySet[Rejection]) -> None:
        sellers = list(chosen.values_list("seller_id", flat=True))
        count = rejections.retry(sellers=sellers)
        messages.info(request, f"Будет отправлено снова: {count}")

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """Looking needs `view_rejection`, pressing the button `change_rejection`."""
        return request.user.has_perm("companies.change_rejection")


@admin.register(CreateAttempt)
class CreateAttemptAdmin(ReadOnlyAdmin):
    list_display = ("id", "state", "size", "run_id", "created_at", "sent_at", "closed_at")
    list_filter = ("state",)
    ordering = ("-created_at",)


@admin.register(CompanyDuplicate)
class CompanyDuplicateAdmin(ReadOnlyAdmin):
    list_display = ("seller_id", "shown_card", "how", "found_at", "resolved_at")
    list_filter = ("how", ("resolved_at", admin.EmptyFieldListFilter))
    ordering = ("-found_at",)

    @display(description="лишняя карточка")
    def shown_card(self, duplicate: CompanyDuplicate) -> str:
        return _card(duplicate.company_id)


@admin.register(StatusField)
class StatusFieldAdmin(ReadOnlyAdmin):
    list_display = ("position", "status", "code")
    ordering = ("position",)
