"""Requests as they came, and what the reader makes of them."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import F, Func, IntegerField, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from webhooks import replaying, selectors
from webhooks.admin.listing import BigTableAdmin
from webhooks.admin.showing import card, labelled, moment_of, row, short, span
from webhooks.models import Delivery, Event

MOST_EVENTS = 100  # of a request on its page
TONES = {
    Delivery.State.STORED: "info",
    Delivery.State.READ: "success",
    Delivery.State.INVALID: "danger",
}


@admin.register(Delivery)
class DeliveryAdmin(BigTableAdmin):
    """A body is shown to those who may have it read again: it holds names and phones."""

    list_display = (
        "shown_received", "door", "shown_state", "shown_wait", "shown_size", "shown_reason"
    )  # fmt: skip
    list_filter = ("state", "door", "received_at")
    ordering = ("-received_at",)
    actions = ("read_again",)
    fields = (
        "state", "reason", "door", "shown_received", "shown_due", "shown_size", "headers"
    )  # fmt: skip
    readonly_fields = fields
    change_form_after_template = "webhooks/delivery.html"
    shown_received = moment_of("received_at", "получено")
    shown_due = moment_of("due_at", "разобрать после")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        """Without the bodies; how long they are PostgreSQL knows without reading them."""
        size = Func(F("body"), function="octet_length", output_field=IntegerField())
        rows: QuerySet[Delivery] = super().get_queryset(request)
        return rows.defer("body", "digest").annotate(size=size)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], **given: Any
    ) -> HttpResponse:
        delivery: Delivery = given["obj"]
        events = Event.objects.filter(delivery=delivery).defer("item").order_by("pk")
        context["events"] = [
            (row("event", event.pk, str(event)), card(event.entity, event.entity_id), event)
            for event in events[:MOST_EVENTS]
        ]
        if self.has_operate_permission(request):
            context["opened"] = selectors.opened(delivery)
        response: HttpResponse = super().render_change_form(request, context, **given)
        return response

    @labelled("состояние", TONES)
    def shown_state(self, delivery: Delivery) -> tuple[str, str]:
        return delivery.state, Delivery.State(delivery.state).label

    @admin.display(description="ждёт")
    def shown_wait(self, delivery: Delivery) -> str:
        if delivery.state != Delivery.State.STORED:
            return "—"
        return span(timezone.now() - delivery.received_at)

    @admin.display(description="размер")
    def shown_size(self, delivery: Delivery) -> str:
        size: int = getattr(delivery, "size")  # noqa: B009 - annotated by `get_queryset`
        return f"{size:,} Б".replace(",", "\xa0")

    @admin.display(description="причина")
    def shown_reason(self, delivery: Delivery) -> str:
        return short(delivery.reason) if delivery.reason else "—"

    @admin.action(description="Разобрать снова", permissions=["operate"])
    def read_again(self, request: HttpRequest, chosen: QuerySet[Delivery]) -> None:
        count = replaying.reread(deliveries=chosen, who=request.user.get_username())
        messages.info(request, f"Будет разобрано снова: {count}")

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """Looking needs `view_delivery`, bodies and the button `change_delivery`."""
        return request.user.has_perm("webhooks.change_delivery")
