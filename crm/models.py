"""Our account in amoCRM: tokens, flood-blocks, and the fields it is known to have."""

from django.db import models
from django.db.models import Q


class OAuthToken(models.Model):
    """The tokens of one account, unreadable without ENCRYPTION_KEYS (crm/encryption.py)."""

    class State(models.TextChoices):
        OK = "ok", "действует"
        REAUTH_REQUIRED = "reauth_required", "нужна новая авторизация"

    account = models.CharField("аккаунт", max_length=255, primary_key=True)
    access_token = models.TextField("токен доступа (зашифрован)")
    refresh_token = models.TextField("токен обновления (зашифрован)")
    expires_at = models.DateTimeField("действует до")
    # The fence: a refresh is saved only where this is what it was when the refresh began.
    version = models.PositiveIntegerField("версия", default=1)
    state = models.CharField("состояние", max_length=20, choices=State, default=State.OK)
    refreshed_at = models.DateTimeField("обновлён")

    class Meta:
        verbose_name = "токен amoCRM"
        verbose_name_plural = "токены amoCRM"


class FloodBlock(models.Model):
    """amoCRM answered 403 to everything; nothing is sent until an operator opens it again."""

    started_at = models.DateTimeField("с", auto_now_add=True)
    reason = models.TextField("причина")
    opened_at = models.DateTimeField("по", null=True, blank=True)
    opened_by = models.CharField("кто снял", max_length=150, default="", blank=True)

    class Meta:
        verbose_name = "блокировка amoCRM"
        verbose_name_plural = "блокировки amoCRM"
        constraints = [
            models.UniqueConstraint(
                fields=["opened_at"],
                condition=Q(opened_at=None),
                nulls_distinct=False,
                name="one_open_flood_block",
            ),
        ]


class CatalogueField(models.Model):
    """A field of ours. `seen_at`: when amoCRM last had it with all `values`; None: it was lost."""

    entity = models.CharField("карточка", max_length=20)
    code = models.CharField("код", max_length=100)
    field_id = models.BigIntegerField("ID поля")
    name = models.CharField("название", max_length=256)
    kind = models.CharField("тип", max_length=40)
    values = models.JSONField("значения", default=list, blank=True)
    seen_at = models.DateTimeField("проверено", null=True, blank=True)

    class Meta:
        verbose_name = "поле amoCRM"
        verbose_name_plural = "поля amoCRM"
        constraints = [
            models.UniqueConstraint(fields=["entity", "code"], name="one_field_per_code"),
        ]


class Catalogue(models.Model):
    """The one row about all fields together.

    `generation` is part of every company's fingerprint: raising it sends every company once more.
    """

    ONLY = 1

    generation = models.PositiveIntegerField("поколение", default=0)
    checked_at = models.DateTimeField("проверен", null=True, blank=True)

    class Meta:
        verbose_name = "каталог полей"
        verbose_name_plural = "каталог полей"
        constraints = [models.CheckConstraint(condition=Q(id=1), name="one_catalogue")]
