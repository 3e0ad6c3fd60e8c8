"""What managers were told on their cards."""

from django.contrib import admin
from django.db.models import Q

from webhooks.admin.listing import NumberSearchAdmin
from webhooks.admin.showing import NOTE_TONES, card, labelled, masked, moment_of, row, short
from webhooks.models import Note
from webhooks.noting import ENTITIES


@admin.register(Note)
class NoteAdmin(NumberSearchAdmin):
    """Of phones only the last two digits: the whole text stands in amoCRM."""

    list_display = (
        "id", "shown_card", "shown_short", "shown_state", "note_id", "attempts", "shown_event",
        "shown_planned",
    )  # fmt: skip
    list_filter = ("state",)
    search_help_text = "ID карточки или ссылка на карточку в amoCRM — целиком"
    fields = (
        "shown_card", "shown_text", "state", "note_id", "shown_event", "attempts",
        "shown_due", "shown_planned", "shown_sent",
    )  # fmt: skip
    readonly_fields = fields
    shown_planned = moment_of("planned_at", "составлено")
    shown_due = moment_of("not_before", "не раньше")
    shown_sent = moment_of("sent_at", "отправлено")

    def about(self, number: int) -> Q:
        """Every kind of card is named, for the index of a card's notes begins with it."""
        return Q(entity__in=list(ENTITIES), entity_id=number)

    @admin.display(description="карточка")
    def shown_card(self, note: Note) -> str:
        return card(note.entity, note.entity_id)

    @admin.display(description="текст")
    def shown_text(self, note: Note) -> str:
        return masked(note.text)

    @admin.display(description="текст")
    def shown_short(self, note: Note) -> str:
        return short(masked(note.text))

    @labelled("состояние", NOTE_TONES)
    def shown_state(self, note: Note) -> tuple[str, str]:
        return note.state, Note.State(note.state).label

    @admin.display(description="событие")
    def shown_event(self, note: Note) -> str:
        return row("event", note.event_id, str(note.event_id))
