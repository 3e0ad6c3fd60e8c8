"""What amoCRM says has happened, and how far we are with it."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from webhooks import replaying, selectors
from webhooks.admin.listing import NumberSearchAdmin
from webhooks.admin.showing import (
    NOTE_TONES,
    THIS_FORTNIGHT,
    card,
    labelled,
    moment_of,
    row,
    short,
    span,
)
from webhooks.models import Door, Event, Note, Transfer

TONES = {
    Event.State.WAITING: "info",
    Event.State.WORKING: "info",
    Event.State.DONE: "success",
    Event.State.REFUSED: "warning",
    Event.State.DEAD: "danger",
}


class ErrorFilter(admin.SimpleListFilter):
    """Of events that died, and of those that are tried again."""

    title = "ошибка"
    parameter_name = "error"

    def lookups(self, _request: HttpRequest, _model_admin: object) -> list[tuple[str, str]]:
        return [(error, f"{error} ({count})") for error, count in selectors.dead_errors()]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event]:
        """State by state, for the partial indexes."""
        if self.value() is None:
            return queryset
        states = Q(state=Event.State.DEAD) | Q(state__in=Event.UNFINISHED)
        return queryset.filter(states, error=self.value())


@admin.register(Event)
class EventAdmin(NumberSearchAdmin):
    """The data of an event is shown to those who may have it handled again."""

    list_display = (
        "id", "shown_state", "door", "shown_card", "shown_when", "shown_span", "shown_times",
        "attempts", "shown_note", "shown_reason",
    )  # fmt: skip
    list_filter = ("state", "door", ErrorFilter, "by_button")
    list_select_related = ("note",)
    search_help_text = "ID карточки, номер события или ссылка на карточку в amoCRM — целиком"
    actions = ("handle_again",)
    fieldsets: Sequence[tuple[str | None, dict[str, Any]]] = (
        (None, {"fields": ("state", "reason", "error", "subject", "shown_note_link")}),
        ("Что пришло", {
            "fields": ("door", "shown_card", "action", "shown_button", "times", "shown_received",
                       "shown_delivery"),
        }),
        ("Ход", {
            "fields": ("attempts", "shown_due", "shown_rung", "holder", "shown_lease",
                       "shown_handled", "shown_span", "shown_transfer"),
        }),
    )  # fmt: skip
    change_form_after_template = "webhooks/event.html"
    shown_when = moment_of("received_at", "получено", form=THIS_FORTNIGHT)
    shown_received = moment_of("received_at", "получено")
    shown_due = moment_of("not_before", "не раньше")
    shown_rung = moment_of("rung_at", "отправлено в очередь")
    shown_lease = moment_of("lease_until", "держит до")
    shown_handled = moment_of("handled_at", "выполнено")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        rows: QuerySet[Event] = super().get_queryset(request)
        return rows.defer("item")

    def about(self, number: int) -> Q:
        """Every door is named, for the index of a card's events begins with it."""
        return Q(pk=number) | Q(door__in=Door.values, entity_id=number)

    def get_readonly_fields(self, _request: HttpRequest, _obj: object = None) -> Sequence[str]:
        return [name for _, options in self.fieldsets for name in options["fields"]]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], **given: Any
    ) -> HttpResponse:
        if self.has_operate_permission(request):
            context["opened"] = selectors.opened_item(given["obj"].item)
        response: HttpResponse = super().render_change_form(request, context, **given)
        return response

    @labelled("состояние", TONES)
    def shown_state(self, event: Event) -> tuple[str, str]:
        return event.state, Event.State(event.state).label

    @admin.display(description="карточка")
    def shown_card(self, event: Event) -> str:
        return card(event.entity, event.entity_id)

    @admin.display(description="прошло")
    def shown_span(self, event: Event) -> str:
        finished = None if event.state in Event.UNFINISHED else event.handled_at
        return span((finished or timezone.now()) - event.received_at)

    @admin.display(description="раз")
    def shown_times(self, event: Event) -> str:
        return f"×{event.times}" if event.times > 1 else "1"

    @admin.display(description="итог")
    def shown_reason(self, event: Event) -> str:
        return short(event.reason, about=event.error)

    @labelled("примечание", NOTE_TONES)
    def shown_note(self, event: Event) -> tuple[str, str] | None:
        note = getattr(event, "note", None)
        return (note.state, Note.State(note.state).label) if note else None

    @admin.display(description="примечание")
    def shown_note_link(self, event: Event) -> str:
        note = getattr(event, "note", None)
        return row("note", note.pk, Note.State(note.state).label) if note else "—"

    @admin.display(description="кнопкой")
    def shown_button(self, event: Event) -> str:
        return "да" if event.by_button else "нет"

    @admin.display(description="запрос")
    def shown_delivery(self, event: Event) -> str:
        number = event.delivery_id
        return row("delivery", number, "запрос amoCRM") if number else "—"

    @admin.display(description="перенос")
    def shown_transfer(self, event: Event) -> str:
        if event.door != Door.LEAD_STATUS:
            return "—"
        found = Transfer.objects.filter(lead_id=event.entity_id, event=event).first()
        return row("transfer", found.pk, str(found)) if found else "—"

    @admin.action(description="Обработать снова", permissions=["operate"])
    def handle_again(self, request: HttpRequest, chosen: QuerySet[Event]) -> None:
        asked = chosen.count()
        count = replaying.replay(events=chosen, who=request.user.get_username())
        left = f", не тронуто: {asked - count} (уже ждут)" if count < asked else ""
        messages.info(request, f"Будет обработано снова: {count}{left}")

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """Looking needs `view_event`, the data and the button `change_event`."""
        return request.user.has_perm("webhooks.change_event")
