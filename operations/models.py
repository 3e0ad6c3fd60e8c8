"""The operator's control plane: what ran, what waits, what is switched off, what went wrong, who did it."""

from django.db import models
from django.db.models import Q


class Counts(models.Model):
    """What happened to the items of a run or of one of its portions."""

    queried = models.PositiveIntegerField("из снепшота", default=0)
    unchanged = models.PositiveIntegerField("без изменений", default=0)
    created = models.PositiveIntegerField("создано", default=0)
    updated = models.PositiveIntegerField("обновлено", default=0)
    rejected = models.PositiveIntegerField("отклонено", default=0)
    postponed = models.PositiveIntegerField("отложено", default=0)
    odd_phones = models.PositiveIntegerField("телефонов не по форме", default=0)

    class Meta:
        abstract = True


COUNTS = tuple(field.name for field in Counts._meta.local_fields)
LABELS = {field.name: str(field.verbose_name) for field in Counts._meta.local_fields}


class Run(Counts):
    """One pass of a periodic job: snapshot, plan, guard, portions, report."""

    class State(models.TextChoices):
        PREPARING = "preparing", "собирает снепшот"
        WRITING = "writing", "выгружает"
        HELD = "held", "остановлен проверкой"
        DONE = "done", "выполнен"
        FAILED = "failed", "не удался"
        STOPPED = "stopped", "остановлен"
        DISCARDED = "discarded", "отменён"
        SKIPPED = "skipped", "пропущен"

    class Trigger(models.TextChoices):
        SCHEDULE = "schedule", "по расписанию"
        COMMAND = "command", "командой"
        ADMIN = "admin", "из админки"

    ACTIVE = (State.PREPARING, State.WRITING)

    kind = models.CharField("вид", max_length=40)
    trigger = models.CharField("запуск", max_length=10, choices=Trigger)
    state = models.CharField("состояние", max_length=10, choices=State, default=State.PREPARING)
    reason = models.TextField("причина", default="", blank=True)
    slot = models.DateTimeField("минута расписания", null=True, blank=True)
    full = models.BooleanField("без сверки отпечатков", default=False)
    limited_to = models.PositiveIntegerField("не больше", null=True, blank=True)
    only = models.JSONField("только продавцы", default=list, blank=True)
    snapshot = models.CharField("снепшот", max_length=200, default="", blank=True)
    query_version = models.CharField("версия запроса", max_length=40, default="", blank=True)
    config_version = models.CharField("версия полей", max_length=40, default="", blank=True)
    rows = models.PositiveIntegerField("продавцов в снепшоте", null=True, blank=True)
    as_of = models.DateTimeField("данные на", null=True, blank=True)
    notes = models.JSONField("о снепшоте", default=dict, blank=True)
    created_at = models.DateTimeField("начат", auto_now_add=True)
    planned_at = models.DateTimeField("спланирован", null=True, blank=True)
    heartbeat_at = models.DateTimeField("последнее движение", auto_now_add=True)
    finished_at = models.DateTimeField("окончен", null=True, blank=True)

    class Meta:
        verbose_name = "запуск"
        verbose_name_plural = "запуски"
        constraints = [
            models.UniqueConstraint(
                fields=["kind"],
                condition=Q(state__in=["preparing", "writing"]),
                name="one_active_run_per_kind",
            ),
            # Beat that fires twice for one minute starts one run.
            models.UniqueConstraint(
                fields=["kind", "slot"],
                condition=~Q(state="skipped") & Q(slot__isnull=False),
                name="one_run_per_slot",
            ),
        ]

    def __str__(self) -> str:
        return f"Запуск {self.pk}"

    @property
    def is_baseline(self) -> bool:
        """Whether the guard may compare later runs with this one."""
        return self.limited_to is None and not self.only


class Portion(Counts):
    """A stretch [start, stop) of a run's snapshot; the unit of claiming, resuming and progress."""

    class State(models.TextChoices):
        OPEN = "open", "ждёт"
        CLAIMED = "claimed", "в работе"
        DONE = "done", "готова"
        PARKED = "parked", "отложена для человека"

    run = models.ForeignKey(Run, models.CASCADE, related_name="portions", verbose_name="запуск")
    ordinal = models.PositiveIntegerField("номер")
    start = models.PositiveIntegerField("с")
    stop = models.PositiveIntegerField("по")
    state = models.CharField("состояние", max_length=10, choices=State, default=State.OPEN)
    holder = models.UUIDField("кто держит", null=True, blank=True)
    lease_until = models.DateTimeField("держит до", null=True, blank=True)
    not_before = models.DateTimeField("не раньше", null=True, blank=True)
    attempts = models.PositiveSmallIntegerField("попыток", default=0)
    unsettled = models.PositiveIntegerField("раз с неизвестным исходом", default=0)
    reason = models.TextField("причина", default="", blank=True)
    finished_at = models.DateTimeField("окончена", null=True, blank=True)

    class Meta:
        verbose_name = "порция"
        verbose_name_plural = "порции"
        constraints = [
            models.UniqueConstraint(fields=["run", "ordinal"], name="one_portion_per_ordinal"),
            models.CheckConstraint(
                condition=Q(state="claimed", holder__isnull=False)
                | (~Q(state="claimed") & Q(holder__isnull=True)),
                name="a_claimed_portion_has_a_holder",
            ),
        ]
        indexes = [
            # The pump's claim and the watchdog look for these few among the many that are done.
            models.Index(
                fields=["run", "ordinal"],
                condition=Q(state__in=["open", "claimed"]),
                name="unfinished_portions",
            ),
        ]

    def __str__(self) -> str:
        return f"Порция {self.ordinal}"


class Approval(models.Model):
    """An operator's word that a held run may go on, up to a ceiling."""

    run = models.OneToOneField(Run, models.CASCADE, verbose_name="запуск")
    up_to = models.PositiveIntegerField("не больше продавцов", null=True, blank=True)
    approved_by = models.CharField("кто", max_length=150)
    approved_at = models.DateTimeField("когда", auto_now_add=True)

    class Meta:
        verbose_name = "разрешение"
        verbose_name_plural = "разрешения"


class Switch(models.Model):
    """What an operator turns on and off while the service runs."""

    class Key(models.TextChoices):
        PUSH_PAUSED = "push_paused", "Выгрузка в amoCRM приостановлена"
        CREATION_CLOSED = "creation_closed", "Создание компаний закрыто"

    key = models.CharField("переключатель", max_length=40, primary_key=True, choices=Key)
    on = models.BooleanField("включён", default=False)
    reason = models.TextField("причина", default="", blank=True)
    changed_by = models.CharField("кто", max_length=150, default="", blank=True)
    changed_at = models.DateTimeField("когда", auto_now=True)

    class Meta:
        verbose_name = "переключатель"
        verbose_name_plural = "переключатели"


class Option(models.Model):
    """What an operator sets while the service runs; where there is no row, the environment's value holds."""

    class Key(models.TextChoices):
        TRANSFER_MODE = "transfer_mode", "Перенос профилей: off, record или on"
        TRANSFERS_PER_HOUR = "transfers_per_hour", "Переносов в час, не больше"
        PROFILE_HOSTS = "profile_hosts", "Площадки, с которых переносят (через запятую)"
        NOTES = "notes", "Примечания в карточках amoCRM: on или off"

    key = models.CharField("настройка", max_length=40, primary_key=True, choices=Key)
    value = models.CharField("значение", max_length=2000)
    changed_by = models.CharField("кто", max_length=150, default="", blank=True)
    changed_at = models.DateTimeField("когда", auto_now=True)

    class Meta:
        verbose_name = "настройка"
        verbose_name_plural = "настройки"


class Counter(models.Model):
    """How often something has happened since the database was made; for /metrics."""

    name = models.CharField("что", max_length=80, primary_key=True)
    value = models.BigIntegerField("раз", default=0)

    class Meta:
        verbose_name = "счётчик"
        verbose_name_plural = "счётчики"


class Alert(models.Model):
    """Something an operator must know; one row from the moment it began until it was over."""

    class Kind(models.TextChoices):
        PUSH_FAILED = "push_failed", "Выгрузка не удалась"
        PUSH_OVERDUE = "push_overdue", "Выгрузка не выполнялась слишком долго"
        FLOOD_BLOCK = "flood_block", "amoCRM заблокировал запросы"
        CREATION_CLOSED = "creation_closed", "Создание компаний закрыто"
        DUPLICATE = "duplicate", "У продавца несколько компаний"
        TOKEN_DEAD = "token_dead", "amoCRM не принимает токен"
        WEBHOOKS_OFF = "webhooks_off", "amoCRM не присылает события"
        INBOX_LAGS = "inbox_lags", "События amoCRM не разбираются"
        STATUS_TOPIC_HELD = "status_topic_held", "Топик Справочника не читается"

    kind = models.CharField("что", max_length=20, choices=Kind)
    text = models.TextField("подробности")
    raised_at = models.DateTimeField("с", auto_now_add=True)
    recovered_at = models.DateTimeField("по", null=True, blank=True)

    class Meta:
        verbose_name = "тревога"
        verbose_name_plural = "тревоги"
        constraints = [
            models.UniqueConstraint(
                fields=["kind"], condition=Q(recovered_at=None), name="one_open_alert_per_kind"
            ),
        ]


class AuditEntry(models.Model):
    """Who pressed what."""

    who = models.CharField("кто", max_length=150)
    action = models.CharField("действие", max_length=60)
    target = models.CharField("над чем", max_length=200)
    details = models.JSONField("подробности", default=dict, blank=True)
    at = models.DateTimeField("когда", auto_now_add=True)

    class Meta:
        verbose_name = "запись журнала"
        verbose_name_plural = "журнал действий"


class Lease(models.Model):
    """Leave to be the only one who does `name`, until a moment; a dead holder loses it by time."""

    name = models.CharField("что", max_length=60, primary_key=True)
    holder = models.UUIDField("кто держит")
    until = models.DateTimeField("до")

    class Meta:
        verbose_name = "аренда"
        verbose_name_plural = "аренды"
