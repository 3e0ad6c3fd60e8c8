"""Whether amoCRM sends us everything, door by door, and what is still to be read of a gap."""

from django.contrib import admin

from operations.admin_base import ReadOnlyAdmin
from webhooks.admin.showing import moment_of
from webhooks.models import SubscriptionWatch


@admin.register(SubscriptionWatch)
class SubscriptionWatchAdmin(ReadOnlyAdmin):
    """A row for each door, from the first check that found its subscription in order."""

    list_display = (
        "door", "shown_good", "shown_gap", "shown_mended", "shown_reading", "page"
    )  # fmt: skip
    sortable_by = ()
    ordering = ("door",)
    fields = list_display
    readonly_fields = fields
    empty_value_display = "—"
    shown_good = moment_of("good_at", "была в порядке")
    shown_gap = moment_of("gap_from", "перечитать изменения с")
    shown_mended = moment_of("mended_at", "восстановлена")
    shown_reading = moment_of("reading_since", "перечитываются с")
