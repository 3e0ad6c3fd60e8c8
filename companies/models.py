"""What we know about sellers as companies in amoCRM, and how sure we are."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q


class Company(models.Model):
    """Seller and company, as amoCRM confirmed them. Born in one place (`creating.confirm`), never deleted."""

    seller_id = models.TextField("ID продавца", primary_key=True)
    company_id = models.TextField("ID компании")
    linked_at = models.DateTimeField("связаны", auto_now_add=True)

    class Meta:
        db_table = "companies"
        verbose_name = "компания"
        verbose_name_plural = "компании"
        constraints = [
            # Also what catches one company for two sellers.
            models.UniqueConstraint(fields=["company_id"], name="companies_idx"),
        ]

    def __str__(self) -> str:
        return f"Продавец {self.seller_id}"


class CreateAttempt(models.Model):
    """One POST of new companies, written down before it is sent (reliability.md, A.4)."""

    class State(models.TextChoices):
        PREPARED = "p", "готова к отправке"
        SENT = "s", "отправлена, исход неизвестен"
        DONE = "d", "подтверждена"
        EXPIRED = "e", "не отправлена"
        RESOLVED = "r", "сверена с amoCRM"

    id = models.UUIDField(primary_key=True)
    run_id = models.BigIntegerField("запуск", null=True)
    state = models.CharField("состояние", max_length=1, choices=State)
    size = models.PositiveSmallIntegerField("компаний")
    watermark = models.BigIntegerField("отметка при подготовке")
    lease_until = models.DateTimeField("годна до")
    sent_at = models.DateTimeField("отправлена", null=True)
    absent_reads = models.PositiveSmallIntegerField("раз не найдена", default=0)
    absent_at = models.DateTimeField("не найдена", null=True)
    created_at = models.DateTimeField("подготовлена", auto_now_add=True)
    closed_at = models.DateTimeField("закрыта", null=True)

    class Meta:
        db_table = "create_attempt"
        verbose_name = "попытка создания"
        verbose_name_plural = "попытки создания"
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="s") | Q(sent_at__isnull=False), name="a_sent_attempt_says_when"
            ),
        ]
        indexes = [
            # What the reaper and the reconciler ask for: a handful among all attempts ever made.
            models.Index(fields=["state"], condition=Q(state__in=["p", "s"]), name="open_attempts"),
        ]


class SellerSync(models.Model):
    """How far one seller has come. One row per seller for ever: its key decides every race."""

    class State(models.TextChoices):
        CLAIMED = "p", "создаётся"
        LINKED = "k", "выгружен"
        FREE = "a", "свободен"
        REJECTED = "x", "отклонён"
        GONE = "g", "удалён в amoCRM"

    seller_id = models.TextField("ID продавца", primary_key=True)
    state = models.CharField("состояние", max_length=1, choices=State)
    attempt = models.ForeignKey(
        CreateAttempt, models.PROTECT, null=True, db_constraint=False, verbose_name="попытка"
    )
    # Of the values that amoCRM confirmed; while claimed: of those being sent. NULL: send again.
    fingerprint = models.BinaryField("отпечаток", null=True)
    # Of the source that `fingerprint` was mapped from; where it is the same, nothing is mapped.
    source = models.BinaryField("отпечаток источника", null=True)
    refused = models.BinaryField("отпечаток отклонённого", null=True)
    as_of = models.DateTimeField("данные на", null=True)
    confirmed_at = models.DateTimeField("подтверждён", null=True)
    crm_updated_at = models.BigIntegerField("изменён в amoCRM", null=True)

    class Meta:
        db_table = "seller_sync"
        verbose_name = "выгрузка продавца"
        verbose_name_plural = "выгрузка продавцов"
        indexes = [
            models.Index(fields=["attempt"], name="sellers_of_an_attempt"),
            # Everything an operator looks for is in these few.
            models.Index(fields=["state"], condition=~Q(state="k"), name="sellers_not_linked"),
        ]


class Watermark(models.Model):
    """The highest company id ever seen in amoCRM; newer ones may be ours without our knowing. One row."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    company_id = models.BigIntegerField("старший ID компании", default=0)
    # The scan that proves absence goes on from here; see companies/absence.py.
    scan_page = models.PositiveIntegerField("страница сверки", default=1)
    scan_started_at = models.DateTimeField("сверка начата", null=True)
    checked_run_id = models.BigIntegerField("сверено для запуска", null=True)
    checked_at = models.DateTimeField("сверено", null=True)

    class Meta:
        db_table = "crm_watermark"
        constraints = [models.CheckConstraint(condition=Q(id=1), name="there_is_one_watermark")]


class Rejection(models.Model):
    """A seller that could not be exported, in amoCRM's own words. Gone once the seller is exported."""

    class What(models.TextChoices):
        CREATE = "create", "создание"
        UPDATE = "update", "обновление"
        PROFILE = "profile", "данные продавца"

    seller_id = models.TextField("ID продавца", primary_key=True)
    what = models.CharField("что", max_length=10, choices=What)
    code = models.CharField("код", max_length=60)
    path = models.CharField("поле", max_length=200, default="", blank=True)
    detail = models.TextField("ответ amoCRM")
    run_id = models.BigIntegerField("запуск", null=True)
    first_at = models.DateTimeField("впервые", auto_now_add=True)
    last_at = models.DateTimeField("последний раз", auto_now_add=True)
    times = models.PositiveIntegerField("раз", default=1)

    class Meta:
        db_table = "rejection"
        verbose_name = "отклонённый продавец"
        verbose_name_plural = "отклонённые продавцы"
        indexes = [models.Index(fields=["code", "path"], name="rejections_by_error")]


class CompanyDuplicate(models.Model):
    """A second company that carries a seller's id. amoCRM cannot delete by API: people merge."""

    class How(models.TextChoices):
        LATE_ANSWER = "late_answer", "опоздавший ответ amoCRM"
        READ_BACK = "read_back", "найдена при сверке"
        ADOPTION = "adoption", "найдена при принятии"
        WEBHOOK = "webhook", "прислана событием amoCRM"

    seller_id = models.TextField("ID продавца")
    company_id = models.TextField("лишняя компания")
    how = models.CharField("как нашли", max_length=12, choices=How)
    found_at = models.DateTimeField("найдена", auto_now_add=True)
    resolved_at = models.DateTimeField("разобрана", null=True, blank=True)

    class Meta:
        db_table = "company_duplicate"
        verbose_name = "дубль компании"
        verbose_name_plural = "дубли компаний"
        constraints = [
            models.UniqueConstraint(
                fields=["seller_id", "company_id"], name="a_duplicate_is_recorded_once"
            ),
        ]


class OwnWrite(models.Model):
    """A PATCH of ours that amoCRM may echo before it is confirmed, or of companies we do not map.

    Kept for minutes; what a push confirms in time never comes here (companies/own_writes.py).
    """

    company_ids = ArrayField(models.BigIntegerField(), verbose_name="компании")
    started_at = models.DateTimeField("начата")
    updated_at = models.BigIntegerField("изменены в amoCRM", null=True)

    class Meta:
        db_table = "own_write"
        verbose_name = "своя запись"
        verbose_name_plural = "свои записи"


class StatusField(models.Model):
    """An offer status that has a field of its own in amoCRM. Made when first seen, then kept."""

    status = models.TextField("статус", primary_key=True)
    code = models.CharField("код поля", max_length=60, unique=True)
    position = models.PositiveSmallIntegerField("номер", unique=True)

    class Meta:
        db_table = "status_field"
        verbose_name = "поле статуса"
        verbose_name_plural = "поля статусов"
