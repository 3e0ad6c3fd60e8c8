"""What amoCRM sent, what it says has happened, and what we have done about it."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone


class Door(models.TextChoices):
    """The three endpoints; the value is the end of the URL."""

    LEAD_STATUS = "lead-status", "этап сделки"
    COMPANY_REFRESH = "company-refresh", "обновление компании"
    COMPANY_FEED = "company-feed", "загрузка фида"


class Delivery(models.Model):
    """One request as it came. Kept for 14 days; one that held nothing but our echo goes at once."""

    class State(models.TextChoices):
        STORED = "stored", "ждёт разбора"
        READ = "read", "разобрано"
        INVALID = "invalid", "непригодно"

    id = models.UUIDField(primary_key=True)
    door = models.CharField("адрес", max_length=20, choices=Door)
    body = models.BinaryField("тело")
    digest = models.BinaryField("отпечаток тела", max_length=16)
    headers = models.JSONField("заголовки", default=dict, blank=True)
    state = models.CharField("состояние", max_length=10, choices=State, default=State.STORED)
    reason = models.TextField("причина", default="", blank=True)
    received_at = models.DateTimeField("получено", db_default=Now())
    due_at = models.DateTimeField("разобрать после", db_default=Now())

    class Meta:
        verbose_name = "запрос amoCRM"
        verbose_name_plural = "запросы amoCRM"
        constraints = [
            # The same body again, while the first one waits: counted, not stored.
            models.UniqueConstraint(
                fields=["door", "digest"], condition=Q(state="stored"), name="one_waiting_per_body"
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state="stored"), name="deliveries_to_read"),
            models.Index(fields=["received_at"], name="deliveries_by_age"),
        ]

    def __str__(self) -> str:
        return f"{Door(self.door).label} {timezone.localtime(self.received_at):%d.%m.%Y %H:%M:%S}"


class Event(models.Model):
    """One thing that amoCRM says has happened; the unit of handling, retrying and replaying."""

    class State(models.TextChoices):
        WAITING = "waiting", "ждёт"
        WORKING = "working", "выполняется"
        DONE = "done", "выполнено"
        REFUSED = "refused", "отказано"
        DEAD = "dead", "не удалось"

    UNFINISHED = (State.WAITING, State.WORKING)

    delivery = models.ForeignKey(
        Delivery, models.SET_NULL, null=True, blank=True, verbose_name="запрос"
    )
    door = models.CharField("адрес", max_length=20, choices=Door)
    entity = models.CharField("карточка", max_length=20)
    action = models.CharField("событие", max_length=20)
    entity_id = models.BigIntegerField("ID карточки")
    last_modified = models.BigIntegerField("изменена в amoCRM", null=True, blank=True)
    by_button = models.BooleanField("кнопкой", default=False)
    item = models.JSONField("данные", default=dict, blank=True)
    times = models.PositiveIntegerField("раз", default=1)
    state = models.CharField("состояние", max_length=10, choices=State, default=State.WAITING)
    subject = models.TextField("о чём", default="", blank=True)  # the feed's or profile's URL
    reason = models.TextField("итог", default="", blank=True)
    error = models.CharField("ошибка", max_length=80, default="", blank=True)
    attempts = models.PositiveSmallIntegerField("попыток", default=0)
    holder = models.UUIDField("кто держит", null=True, blank=True)
    lease_until = models.DateTimeField("держит до", null=True, blank=True)
    not_before = models.DateTimeField("не раньше", db_default=Now())
    rung_at = models.DateTimeField("отправлено в очередь", null=True, blank=True)
    received_at = models.DateTimeField("получено", db_default=Now())
    handled_at = models.DateTimeField("выполнено", null=True, blank=True)

    class Meta:
        verbose_name = "событие amoCRM"
        verbose_name_plural = "события amoCRM"
        constraints = [
            # A thousand hooks about one company are one thing to do.
            models.UniqueConstraint(
                fields=["door", "entity_id"],
                condition=Q(state="waiting", door__in=["company-refresh", "company-feed"]),
                name="one_waiting_per_company",
            ),
        ]
        indexes = [
            models.Index(
                fields=["not_before"],
                condition=Q(state__in=["waiting", "working"]),
                name="events_to_handle",
            ),
            models.Index(fields=["door", "entity_id", "id"], name="events_of_a_card"),
            models.Index(fields=["received_at"], name="events_by_age"),
            # Whose worker has died, among a hundred thousand that merely wait.
            models.Index(
                fields=["lease_until"], condition=Q(state="working"), name="events_in_work"
            ),
            models.Index(fields=["error"], condition=Q(state="dead"), name="dead_events_by_error"),
        ]

    def __str__(self) -> str:
        return f"Событие {self.pk}"


class Transfer(models.Model):
    """One visit of a lead to the transfer status, and the one transfer that it starts."""

    class State(models.TextChoices):
        REQUESTED = "requested", "отправляется"
        ACCEPTED = "accepted", "принят"
        REFUSED = "refused", "отказано"
        UNKNOWN = "unknown", "ответ потерян"
        RECORDED = "recorded", "записан, не отправлен"

    UNSETTLED = (State.REQUESTED, State.UNKNOWN)

    lead_id = models.BigIntegerField("сделка")
    ordinal = models.PositiveIntegerField("который раз")
    event = models.ForeignKey(Event, models.SET_NULL, null=True, blank=True, verbose_name="событие")
    state = models.CharField("состояние", max_length=10, choices=State)
    profile_url = models.CharField("профиль", max_length=2048, default="", blank=True)
    phone = models.CharField("телефон", max_length=40, default="", blank=True)
    idempotency_key = models.CharField("ключ", max_length=64, unique=True)
    transfer_id = models.CharField("номер в Snatcher", max_length=200, default="", blank=True)
    reason = models.TextField("причина", default="", blank=True)
    opened_at = models.DateTimeField("сделка вошла в этап", db_default=Now())
    closed_at = models.DateTimeField("сделка вышла из этапа", null=True, blank=True)
    sent_at = models.DateTimeField("отправлен", null=True, blank=True)
    settled_at = models.DateTimeField("исход известен", null=True, blank=True)

    class Meta:
        verbose_name = "перенос профиля"
        verbose_name_plural = "переносы профилей"
        constraints = [
            models.UniqueConstraint(fields=["lead_id", "ordinal"], name="one_transfer_per_visit"),
            models.UniqueConstraint(
                fields=["lead_id"], condition=Q(closed_at=None), name="one_open_visit_per_lead"
            ),
        ]
        indexes = [
            models.Index(fields=["opened_at"], name="transfers_by_age"),
            models.Index(
                fields=["state"],
                condition=Q(state__in=["requested", "unknown"]),
                name="transfers_unsettled",
            ),
        ]

    def __str__(self) -> str:
        return f"Сделка {self.lead_id}, перенос {self.ordinal}"


class Note(models.Model):
    """What a manager is told on the card, once per event."""

    class State(models.TextChoices):
        PLANNED = "planned", "ждёт"
        SENT = "sent", "отправлено, исход неизвестен"
        DONE = "done", "оставлено"
        GIVEN_UP = "given_up", "не оставлено"

    event = models.OneToOneField(Event, models.CASCADE, verbose_name="событие")
    entity = models.CharField("карточка", max_length=20)
    entity_id = models.BigIntegerField("ID карточки")
    text = models.TextField("текст")
    state = models.CharField("состояние", max_length=10, choices=State, default=State.PLANNED)
    note_id = models.BigIntegerField("ID примечания", null=True, blank=True)
    attempts = models.PositiveSmallIntegerField("попыток", default=0)
    holder = models.UUIDField("кто держит", null=True, blank=True)
    lease_until = models.DateTimeField("держит до", null=True, blank=True)
    not_before = models.DateTimeField("не раньше", db_default=Now())
    planned_at = models.DateTimeField("составлено", db_default=Now())
    sent_at = models.DateTimeField("отправлено", null=True, blank=True)

    class Meta:
        verbose_name = "примечание"
        verbose_name_plural = "примечания"
        indexes = [
            models.Index(
                fields=["not_before"],
                condition=Q(state__in=["planned", "sent"]),
                name="notes_to_leave",
            ),
            models.Index(fields=["entity", "entity_id", "planned_at"], name="notes_of_a_card"),
        ]

    def __str__(self) -> str:
        return f"Примечание к событию {self.event_id}"


class SubscriptionWatch(models.Model):
    """Whether amoCRM sends us everything at one door, and what is to be read because it did not.

    A gap is what changed from `gap_from` until `mended_at`, when hooks came again. It is read page
    by page, and is over when `gap_from` is empty.
    """

    door = models.CharField("адрес", max_length=20, primary_key=True, choices=Door)
    good_at = models.DateTimeField("подписка была в порядке")
    gap_from = models.DateTimeField("перечитать изменения с", null=True, blank=True)
    mended_at = models.DateTimeField("подписка восстановлена", null=True, blank=True)
    reading_since = models.DateTimeField("перечитываются с", null=True, blank=True)
    page = models.PositiveIntegerField("страница", default=1)

    class Meta:
        verbose_name = "подписка"
        verbose_name_plural = "подписки"

    def __str__(self) -> str:
        return Door(self.door).label
