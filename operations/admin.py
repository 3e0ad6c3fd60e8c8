"""The control plane for the person on call."""

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import action, display

from operations import options, runs, selectors, switches
from operations.admin_base import ReadOnlyAdmin
from operations.models import (
    COUNTS,
    Alert,
    Approval,
    AuditEntry,
    Counter,
    Lease,
    Option,
    Portion,
    Run,
    Switch,
)

TONES = {
    Run.State.PREPARING: "info",
    Run.State.WRITING: "info",
    Run.State.HELD: "warning",
    Run.State.DONE: "success",
    Run.State.FAILED: "danger",
    Run.State.STOPPED: "warning",
}


class PortionInline(TabularInline):
    """Portions that are not simply done: the ones an operator asks about."""

    model = Portion
    verbose_name_plural = "порции, которые ещё не готовы"
    fields = ("ordinal", "start", "stop", "state", "attempts", "not_before", "reason")
    readonly_fields = fields
    can_delete = False
    extra = 0
    max_num = 0
    per_page = 20

    def get_queryset(self, request: HttpRequest) -> QuerySet[Portion]:
        rows: QuerySet[Portion] = super().get_queryset(request)
        return rows.exclude(state=Portion.State.DONE).order_by("ordinal")

    def has_view_permission(self, request: HttpRequest, obj: object | None = None) -> bool:
        return bool(request.user.is_staff)


@admin.register(Run)
class RunAdmin(ReadOnlyAdmin):
    """Runs with their counts; a held one is approved by `manage.py runs approve`."""

    list_display = (
        "id",
        "shown_state",
        "trigger",
        "shown_start",
        "shown_progress",
        "created",
        "updated",
        "unchanged",
        "rejected",
        "shown_duration",
        "reason",
    )
    list_filter = ("state", "trigger")
    search_fields = ("=id", "reason")
    ordering = ("-id",)
    inlines = (PortionInline,)
    fieldsets = (
        (None, {"fields": ("state", "reason", "trigger", "created_at", "finished_at")}),
        ("Продавцы", {"fields": (*COUNTS,)}),
        ("Снепшот", {"fields": ("rows", "as_of", "snapshot", "query_version", "notes")}),
        ("Заказ", {"fields": ("full", "limited_to", "only", "slot", "planned_at", "heartbeat_at")}),
    )
    actions = ("stop_runs", "discard_runs")

    @display(description="состояние", label=TONES)
    def shown_state(self, run: Run) -> tuple[str, str]:
        return run.state, Run.State(run.state).label

    @display(description="начат", ordering="created_at")
    def shown_start(self, run: Run) -> str:
        return f"{timezone.localtime(run.created_at):%d.%m %H:%M:%S}"

    @display(description="порции")
    def shown_progress(self, run: Run) -> str:
        counts = selectors.progress(run=run)
        return f"{counts['closed']} из {counts['portions']}" if counts["portions"] else "—"

    @display(description="длился")
    def shown_duration(self, run: Run) -> str:
        if run.finished_at is None:
            return "—"
        return f"{(run.finished_at - run.created_at).total_seconds():.0f} с"

    @action(description="Остановить", permissions=["operate"])
    def stop_runs(self, request: HttpRequest, chosen: QuerySet[Run]) -> None:
        stopped = [runs.stop(run=run, who=request.user.get_username()) for run in chosen]
        messages.info(request, f"Остановлено запусков: {sum(stopped)}")

    @action(description="Отменить остановленные проверкой", permissions=["operate"])
    def discard_runs(self, request: HttpRequest, chosen: QuerySet[Run]) -> None:
        discarded = [runs.discard(run=run, who=request.user.get_username()) for run in chosen]
        messages.info(request, f"Отменено запусков: {sum(discarded)}")

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """Looking needs `view_run`, pressing buttons `change_run`."""
        return request.user.has_perm("operations.change_run")


@admin.register(Switch)
class SwitchAdmin(ModelAdmin):
    """Every turn goes through the service, so that the journal has it."""

    list_display = ("key", "on", "reason", "changed_by", "changed_at")
    fields = ("key", "on", "reason")

    def save_model(self, request: HttpRequest, obj: Switch, form: object, change: bool) -> None:
        switches.turn(
            key=Switch.Key(obj.key),
            on=obj.on,
            who=request.user.get_username(),
            reason=obj.reason,
        )

    def get_readonly_fields(
        self, request: HttpRequest, obj: object | None = None
    ) -> tuple[str, ...]:
        return ("key",) if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: object | None = None) -> bool:
        return False


class OptionForm(forms.ModelForm):  # type: ignore[type-arg] # not generic at run time
    """A value that the services would not understand is refused with what would be right."""

    def clean(self) -> dict[str, object]:
        cleaned: dict[str, object] = super().clean() or {}
        key = str(self.instance.key or cleaned.get("key") or "")
        try:
            if key:
                cleaned["value"] = options.check(Option.Key(key), str(cleaned.get("value", "")))
        except options.OptionRefusedError as error:
            self.add_error("value", str(error))
        return cleaned


@admin.register(Option)
class OptionAdmin(ModelAdmin):
    """Every change goes through the service, so that the journal has it."""

    form = OptionForm
    list_display = ("key", "value", "changed_by", "changed_at")
    fields = ("key", "value")

    def save_model(self, request: HttpRequest, obj: Option, form: object, change: bool) -> None:
        who = request.user.get_username()
        options.put(key=Option.Key(obj.key), value=obj.value, who=who)

    def get_readonly_fields(
        self, request: HttpRequest, obj: object | None = None
    ) -> tuple[str, ...]:
        return ("key",) if obj else ()


@admin.register(Counter)
class CounterAdmin(ReadOnlyAdmin):
    list_display = ("name", "value")
    ordering = ("name",)


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    """Open ones first."""

    list_display = ("kind", "shown_since", "recovered_at", "text")
    list_filter = ("kind", ("recovered_at", admin.EmptyFieldListFilter))
    ordering = ("-recovered_at", "-raised_at")

    @display(description="с")
    def shown_since(self, alert: Alert) -> str:
        tone = "font-semibold" if alert.recovered_at is None else ""
        since = f"{timezone.localtime(alert.raised_at):%d.%m.%Y %H:%M}"
        return format_html('<span class="{}">{}</span>', tone, since)


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = ("at", "who", "action", "target", "details")
    list_filter = ("action",)
    search_fields = ("who", "target")
    ordering = ("-id",)


@admin.register(Approval)
class ApprovalAdmin(ReadOnlyAdmin):
    list_display = ("run", "up_to", "approved_by", "approved_at")
    ordering = ("-id",)


@admin.register(Lease)
class LeaseAdmin(ReadOnlyAdmin):
    list_display = ("name", "holder", "until")
