"""Organizations of the Directory that clients use, and what they are linked to: all on shards.
`ApiToken`, which says who may ask about whose, is in the default database.

Keys and column names are a contract with others who read these tables. `bid` and `cid` are no
foreign keys: the import would pay for one with every one of its millions of rows.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Case, Q, Value, When
from django.db.models.functions import Now

from ads.models import ClientPhone
from organizations.statuses import StatusPublish

STATUSES = [status.value for status in StatusPublish]


class Organization(models.Model):
    """An organization that a client has linked at least once.

    The row stays as it was at that moment, for ever; only its status follows the Directory.
    """

    pk = models.CompositePrimaryKey("client_id", "permalink")
    client_id = models.BigIntegerField("ID клиента", db_column="ClientID")
    permalink = models.BigIntegerField("организация", db_column="permalink_id")
    chain_id = models.BigIntegerField("сеть при первой привязке", default=0, db_default=0)
    status_publish = models.TextField("статус", choices=[(value, value) for value in STATUSES])

    class Meta:
        db_table = "organizations"
        verbose_name = "организация клиента"
        verbose_name_plural = "организации клиентов"
        constraints = [
            models.CheckConstraint(
                condition=Q(status_publish__in=STATUSES), name="a_status_is_one_of_three"
            ),
        ]
        indexes = [
            # Status events come by organization.
            models.Index(fields=["permalink"], name="clients_of_an_organization"),
        ]


class AssignType(models.TextChoices):
    """Who linked an organization to a banner: the import or a person."""

    AUTO = "auto", "автоматически"
    MANUAL = "manual", "вручную"


class BannerPermalink(models.Model):
    """An organization on a banner. One manual at most; a chain has `permalink` 0 and is automatic."""

    pk = models.CompositePrimaryKey("bid", "permalink", "chain_id")
    bid = models.BigIntegerField("ID баннера")
    permalink = models.BigIntegerField("организация")
    chain_id = models.BigIntegerField("сеть", default=0, db_default=0)
    permalink_assign_type = models.TextField("привязана", choices=AssignType)
    is_sent_to_bs = models.BooleanField("отправлена в БК", default=False, db_default=False)
    # For those who read the column. What it stood for is done by the partial index below.
    uniq_cond = models.GeneratedField(
        expression=Case(When(permalink_assign_type="manual", then=Value(0))),
        output_field=models.SmallIntegerField(null=True),
        db_persist=True,
    )
    is_change_to_manual_rejected = models.BooleanField(
        "рекомендация отклонена", default=False, db_default=False
    )
    prefer_vcard_over_permalink = models.BooleanField(
        "визитка важнее", default=False, db_default=False
    )
    client_phone = models.ForeignKey(
        ClientPhone, models.PROTECT, null=True, db_index=False, verbose_name="телефон"
    )

    class Meta:
        db_table = "banner_permalinks"
        verbose_name = "привязка к баннеру"
        verbose_name_plural = "привязки к баннерам"
        constraints = [
            models.UniqueConstraint(
                fields=["bid"],
                condition=Q(permalink_assign_type="manual"),
                name="one_manual_per_banner",
            ),
            models.CheckConstraint(
                condition=Q(permalink_assign_type__in=AssignType.values),
                name="linked_by_import_or_person",
            ),
            models.CheckConstraint(
                condition=Q(permalink__gte=0, chain_id__gte=0)
                & (Q(permalink__gt=0) | Q(chain_id__gt=0)),
                name="names_organization_or_chain",
            ),
            models.CheckConstraint(
                condition=Q(permalink_assign_type="auto") | Q(permalink__gt=0),
                name="chains_only_automatically",
            ),
            models.CheckConstraint(
                condition=Q(is_change_to_manual_rejected=False) | Q(permalink_assign_type="auto"),
                name="only_automatic_is_rejected",
            ),
            models.CheckConstraint(
                condition=Q(permalink_assign_type="manual")
                | Q(client_phone__isnull=True, prefer_vcard_over_permalink=False),
                name="only_manual_has_wishes",
            ),
        ]
        indexes = [
            # Of status events: the banners that have to be moderated again.
            models.Index(
                fields=["permalink"],
                condition=Q(permalink_assign_type="manual"),
                name="manual_by_permalink",
            ),
            # Of the foreign key; few links have a phone.
            models.Index(
                fields=["client_phone"],
                condition=Q(client_phone__isnull=False),
                name="banner_links_by_phone",
            ),
        ]


class CampaignPermalink(models.Model):
    """The organization of a campaign: one or none."""

    cid = models.BigIntegerField("ID кампании", primary_key=True)
    permalink = models.BigIntegerField("организация", db_column="permalink_id")
    chain_id = models.BigIntegerField("сеть", default=0, db_default=0)
    client_phone = models.ForeignKey(ClientPhone, models.PROTECT, null=True, verbose_name="телефон")

    class Meta:
        db_table = "campaign_permalinks"
        verbose_name = "привязка к кампании"
        verbose_name_plural = "привязки к кампаниям"
        constraints = [
            models.CheckConstraint(condition=Q(chain_id=0), name="campaigns_have_no_chains"),
            models.CheckConstraint(condition=Q(permalink__gt=0), name="names_an_organization"),
        ]


class ApiToken(models.Model):
    """What a program shows in order to act for its clients. The token itself is not kept.

    `name` goes into the history of what it changes; `uid` is the passport by which the Directory
    knows owners.
    """

    digest = models.BinaryField("SHA-256", max_length=32, unique=True)
    start = models.TextField("начинается с")
    name = models.TextField("кто")
    uid = models.BigIntegerField("паспорт (uid)", null=True)
    client_ids = ArrayField(models.BigIntegerField(), verbose_name="клиенты")
    created_at = models.DateTimeField("выдан", db_default=Now())
    used_at = models.DateTimeField("использован", null=True)
    revoked_at = models.DateTimeField("отозван", null=True)

    class Meta:
        verbose_name = "токен API"
        verbose_name_plural = "токены API"

    def __str__(self) -> str:
        return f"{self.name} ({self.start}…)"
