"""Organizations of the Directory that clients use, and what they are linked to. All on shards,
but for the inbox of publication events and the tokens of the API (ads/routing.py).

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


class LinkHistory(models.Model):
    """Who changed a link, when, from what to what. Rows are added and never touched again."""

    class Action(models.TextChoices):
        SET = "set", "привязка изменена"
        REJECTED = "rejected", "рекомендация отклонена"

    id = models.BigAutoField("номер", primary_key=True)
    client_id = models.BigIntegerField("ID клиента")
    cid = models.BigIntegerField("ID кампании")
    bid = models.BigIntegerField("ID баннера", null=True)  # NULL: the campaign's own link
    action = models.TextField("что", choices=Action)
    made_at = models.DateTimeField("когда", db_default=Now())
    actor = models.TextField("кто")
    uid = models.BigIntegerField("паспорт", null=True)
    from_permalink = models.BigIntegerField("была организация", null=True)
    from_phone = models.BigIntegerField("был телефон", null=True)
    from_vcard = models.BooleanField("визитка была важнее", default=False, db_default=False)
    to_permalink = models.BigIntegerField("стала организация", null=True)
    to_phone = models.BigIntegerField("стал телефон", null=True)
    to_vcard = models.BooleanField("визитка стала важнее", default=False, db_default=False)

    class Meta:
        db_table = "link_history"
        verbose_name = "изменение привязки"
        verbose_name_plural = "история привязок"
        indexes = [
            models.Index(
                fields=["bid"], condition=Q(bid__isnull=False), name="history_of_a_banner"
            ),
            models.Index(fields=["client_id", "id"], name="history_of_a_client"),
        ]


class CampaignChange(models.Model):
    """Another organization of a campaign, brought to its banners. Open rows are the queue.

    What the Directory said is kept: the banners follow without it. `counters` by permalink, null for
    an organization that it does not know; NULL altogether: leave the campaign's counters alone.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "ждёт"
        RUNNING = "running", "применяется"
        DONE = "done", "применено"
        FAILED = "failed", "не применено"

    id = models.BigAutoField("номер", primary_key=True)
    client_id = models.BigIntegerField("ID клиента")
    cid = models.BigIntegerField("ID кампании")
    actor = models.TextField("кто")
    uid = models.BigIntegerField("паспорт", null=True)
    from_permalink = models.BigIntegerField("была организация", null=True)
    from_phone = models.BigIntegerField("был телефон", null=True)
    to_permalink = models.BigIntegerField("станет организация", null=True)
    to_phone = models.BigIntegerField("станет телефон", null=True)
    chain_id = models.BigIntegerField("сеть", default=0, db_default=0)
    propagates = models.BooleanField("и на баннеры")
    asked_at = models.DateTimeField("Справочник спрошен")
    status_publish = models.TextField("статус", null=True)  # noqa: DJ001 - NULL: nothing new
    counters = models.JSONField("счётчики", null=True)
    state = models.TextField("состояние", choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField("попыток", default=0, db_default=0)
    leased_until = models.DateTimeField("занято до", null=True)
    created_at = models.DateTimeField("создано", db_default=Now())
    finished_at = models.DateTimeField("закончено", null=True)
    banners = models.PositiveIntegerField("баннеров изменено", default=0, db_default=0)
    reason = models.TextField("почему не применено", default="", db_default="")

    class Meta:
        db_table = "campaign_changes"
        verbose_name = "изменение кампании"
        verbose_name_plural = "изменения кампаний"
        constraints = [
            models.UniqueConstraint(
                fields=["cid"],
                condition=Q(state__in=["waiting", "running"]),
                name="one_open_change_per_campaign",
            ),
        ]
        indexes = [
            models.Index(fields=["client_id", "id"], name="changes_of_a_client"),
            models.Index(
                fields=["id"],
                condition=Q(state__in=["waiting", "running"]),
                name="open_campaign_changes",
            ),
        ]


class StatusSeen(models.Model):
    """The newest publication event of an organization that this shard has applied.

    Of every organization that there ever was an event about, used by a client or not: one that is
    being linked right now has no row in `organizations` yet.
    """

    permalink = models.BigIntegerField("организация", primary_key=True)
    event_ts = models.DateTimeField("время события")
    event_offset = models.BigIntegerField("место в топике", db_column="offset")
    published = models.BooleanField("опубликована")
    applied_at = models.DateTimeField("применено", db_default=Now())

    class Meta:
        db_table = "status_seen"
        verbose_name = "последнее событие организации"
        verbose_name_plural = "последние события организаций"


class StatusCursor(models.Model):
    """How far this shard has applied the inbox of events. One row, or none before the first one."""

    name = models.TextField("чего", primary_key=True)
    position = models.BigIntegerField("применено по")
    moved_at = models.DateTimeField("когда", db_default=Now())

    class Meta:
        db_table = "status_cursor"
        verbose_name = "место шарда во входящих событиях"
        verbose_name_plural = "места шардов во входящих событиях"


class StatusEvent(models.Model):
    """The inbox of publication events, in the default database; each shard reads it by itself.

    `id` is the order of arrival: whoever inserts holds a lock, so that a lower one never appears
    after a higher one (organizations/inbox.py).
    """

    id = models.BigAutoField("номер", primary_key=True)
    source = models.TextField("топик")
    partition = models.IntegerField("раздел")
    event_offset = models.BigIntegerField("место", db_column="offset")
    permalink = models.BigIntegerField("организация")
    published = models.BooleanField("опубликована")
    event_ts = models.DateTimeField("время события")
    payload = models.BinaryField("как пришло")
    received_at = models.DateTimeField("получено", db_default=Now())

    class Meta:
        db_table = "status_inbox"
        verbose_name = "событие Справочника"
        verbose_name_plural = "события Справочника"
        constraints = [
            # A message that comes again is known by its place.
            models.UniqueConstraint(
                fields=["source", "partition", "event_offset"], name="one_event_per_place"
            ),
        ]
        indexes = [
            # What happened to this organization, for people.
            models.Index(fields=["permalink"], name="events_of_an_organization"),
        ]


class StatusDeadLetter(models.Model):
    """A message of the topic that is no event to us, in the default database. Kept as it came."""

    id = models.BigAutoField("номер", primary_key=True)
    source = models.TextField("топик")
    partition = models.IntegerField("раздел")
    event_offset = models.BigIntegerField("место", db_column="offset")
    payload = models.BinaryField("как пришло")
    reason = models.TextField("что не так")
    received_at = models.DateTimeField("получено", db_default=Now())

    class Meta:
        db_table = "status_dead_letters"
        verbose_name = "непонятое сообщение Справочника"
        verbose_name_plural = "непонятые сообщения Справочника"
        constraints = [
            models.UniqueConstraint(
                fields=["source", "partition", "event_offset"], name="one_dead_letter_per_place"
            ),
        ]


class StatusTopic(models.Model):
    """Whether somebody reads the topic, in the default database."""

    name = models.TextField("топик", primary_key=True)
    polled_at = models.DateTimeField("прочитан", db_default=Now())

    class Meta:
        db_table = "status_topics"
        verbose_name = "топик событий Справочника"
        verbose_name_plural = "топики событий Справочника"


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
