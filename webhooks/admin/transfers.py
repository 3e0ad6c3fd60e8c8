"""Transfers of profiles: which visit of which lead, and what Snatcher said."""

from django.contrib import admin
from django.db.models import Q

from webhooks.admin.listing import NumberSearchAdmin
from webhooks.admin.showing import address, card, labelled, masked, moment_of, row, short
from webhooks.models import Transfer

# An unknown outcome has a colour of its own: it is neither good nor bad yet.
TONES = {
    Transfer.State.REQUESTED: "info",
    Transfer.State.ACCEPTED: "success",
    Transfer.State.REFUSED: "warning",
    Transfer.State.UNKNOWN: "primary",
    Transfer.State.RECORDED: "default",
}


@admin.register(Transfer)
class TransferAdmin(NumberSearchAdmin):
    """Of phones only the last two digits: the whole one stands in the lead."""

    list_display = (
        "id", "shown_lead", "ordinal", "shown_state", "shown_profile", "shown_phone",
        "transfer_id", "shown_reason", "shown_opened",
    )  # fmt: skip
    list_filter = ("state", "opened_at")
    search_help_text = "ID сделки или ссылка на неё в amoCRM — целиком"
    fields = (
        "shown_lead", "ordinal", "state", "reason", "shown_profile", "shown_phone",
        "transfer_id", "idempotency_key", "shown_event", "shown_opened", "shown_sent",
        "shown_settled", "shown_closed",
    )  # fmt: skip
    readonly_fields = fields
    shown_opened = moment_of("opened_at", "вошла в этап")
    shown_sent = moment_of("sent_at", "отправлен")
    shown_settled = moment_of("settled_at", "исход известен")
    shown_closed = moment_of("closed_at", "вышла из этапа")

    def about(self, number: int) -> Q:
        return Q(lead_id=number)

    @admin.display(description="сделка")
    def shown_lead(self, transfer: Transfer) -> str:
        return card("lead", transfer.lead_id)

    @labelled("состояние", TONES)
    def shown_state(self, transfer: Transfer) -> tuple[str, str]:
        return transfer.state, Transfer.State(transfer.state).label

    @admin.display(description="профиль")
    def shown_profile(self, transfer: Transfer) -> str:
        return address(transfer.profile_url) if transfer.profile_url else "—"

    @admin.display(description="телефон")
    def shown_phone(self, transfer: Transfer) -> str:
        return masked(transfer.phone) if transfer.phone else "—"

    @admin.display(description="причина")
    def shown_reason(self, transfer: Transfer) -> str:
        return short(transfer.reason) if transfer.reason else "—"

    @admin.display(description="событие")
    def shown_event(self, transfer: Transfer) -> str:
        number = transfer.event_id
        return row("event", number, f"событие {number}") if number else "—"
