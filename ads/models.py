"""The advertiser's side that organizations needs and does not own: no column that nothing reads.

`Client` lies in the default database and says where a client's rows are; all others lie there, on
the client's shard (ads/routing.py).
"""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class Client(models.Model):
    """An advertiser and its shard. Clients can be moved: the number is looked up, never computed."""

    client_id = models.BigIntegerField("ID клиента", primary_key=True)
    shard = models.PositiveSmallIntegerField("шард")

    class Meta:
        db_table = "clients"
        verbose_name = "клиент"
        verbose_name_plural = "клиенты"
        constraints = [
            models.CheckConstraint(condition=Q(shard__gt=0), name="shards_count_from_one"),
        ]


class Campaign(models.Model):
    """`client_id` is no foreign key: clients are in another database."""

    class Type(models.TextChoices):
        TEXT = "text", "текстовая"
        OTHER = "other", "другая"

    cid = models.BigIntegerField("ID кампании", primary_key=True)
    client_id = models.BigIntegerField("ID клиента", db_index=True)
    type = models.TextField("тип", choices=Type)
    archived = models.BooleanField("в архиве", default=False, db_default=False)

    class Meta:
        db_table = "campaigns"
        verbose_name = "кампания"
        verbose_name_plural = "кампании"


class VCard(models.Model):
    """Contacts of a banner, as the daily export hands them on."""

    vcard_id = models.BigIntegerField("ID визитки", primary_key=True)
    uid = models.BigIntegerField("ID пользователя")
    name = models.TextField("название")
    phone = models.TextField("телефон")
    worktime = models.TextField("часы работы", help_text="1#5#9#00#18#00: дни и часы")
    address = models.TextField("адрес")
    lon = models.FloatField("долгота", null=True)
    lat = models.FloatField("широта", null=True)

    class Meta:
        db_table = "vcards"
        verbose_name = "визитка"
        verbose_name_plural = "визитки"


class YesNo(models.TextChoices):
    """As the ads system writes its flags."""

    YES = "Yes", "да"
    NO = "No", "нет"


class Banner(models.Model):
    """An ad. BS is the system that serves it."""

    class Type(models.TextChoices):
        TEXT = "text", "текстово-графический"
        OTHER = "other", "другой"

    class Moderation(models.TextChoices):
        NEW = "New", "черновик"
        READY = "Ready", "ждёт модерации"
        SENT = "Sent", "на модерации"
        YES = "Yes", "принят"
        NO = "No", "отклонён"

    class Synced(models.TextChoices):
        NO = "No", "ждёт отправки"
        SENDING = "Sending", "отправляется"
        YES = "Yes", "отправлен"

    bid = models.BigIntegerField("ID баннера", primary_key=True)
    campaign = models.ForeignKey(
        Campaign, models.PROTECT, db_column="cid", related_name="banners", verbose_name="кампания"
    )
    bs_banner_id = models.BigIntegerField("ID в БК", default=0)
    banner_type = models.TextField("тип", choices=Type)
    domain = models.TextField("домен", default="")
    status_show = models.TextField("показы", choices=YesNo, default=YesNo.YES)
    status_active = models.TextField("активен", choices=YesNo, default=YesNo.NO)
    status_arch = models.TextField("в архиве", choices=YesNo, default=YesNo.NO)
    status_moderate = models.TextField("модерация", choices=Moderation, default=Moderation.NEW)
    status_bs_synced = models.TextField("отправка в БК", choices=Synced, default=Synced.NO)
    last_change = models.DateTimeField("изменён", db_default=Now())
    catalogia_categories = models.TextField("категории", default="")
    vcard = models.ForeignKey(
        VCard, models.PROTECT, null=True, db_index=False, verbose_name="визитка"
    )

    class Meta:
        db_table = "banners"
        verbose_name = "баннер"
        verbose_name_plural = "баннеры"


class ClientPhone(models.Model):
    """A number that a client may show in ads."""

    class Kind(models.TextChoices):
        SPRAV = "sprav", "из Справочника"
        TELEPHONY = "telephony", "подменный (Телефония)"
        MANUAL = "manual", "введён вручную"

    client_phone_id = models.BigIntegerField("ID телефона", primary_key=True)
    client_id = models.BigIntegerField("ID клиента", db_index=True)
    kind = models.TextField("вид", choices=Kind)
    number = models.TextField("номер")
    permalink = models.BigIntegerField("организация", null=True)

    class Meta:
        db_table = "client_phones"
        verbose_name = "телефон клиента"
        verbose_name_plural = "телефоны клиентов"


class CampaignCounter(models.Model):
    """A Metrika counter of a campaign. Technical ones are ours to add and remove, others are not."""

    class Origin(models.TextChoices):
        USER = "user", "пользователя"
        TECHNICAL = "technical", "технический"

    pk = models.CompositePrimaryKey("cid", "counter_id")
    cid = models.BigIntegerField("ID кампании")
    counter_id = models.BigIntegerField("счётчик")
    origin = models.TextField("чей", choices=Origin)

    class Meta:
        db_table = "campaign_counters"
        verbose_name = "счётчик кампании"
        verbose_name_plural = "счётчики кампаний"


class CampaignOrganizationCounter(models.Model):
    """Which organization brought which counter: two duplicates may share one."""

    pk = models.CompositePrimaryKey("cid", "permalink")
    cid = models.BigIntegerField("ID кампании")
    permalink = models.BigIntegerField("организация")
    counter_id = models.BigIntegerField("счётчик")

    class Meta:
        db_table = "campaign_org_counters"
        verbose_name = "счётчик организации в кампании"
        verbose_name_plural = "счётчики организаций в кампаниях"


class QueueEntry(models.Model):
    """A banner that waits. Many reasons become one entry; its version tells who sends a stale one."""

    bid = models.BigIntegerField("ID баннера", primary_key=True)
    reason = models.TextField("последняя причина")
    version = models.BigIntegerField("версия", db_default=1)
    enqueued_at = models.DateTimeField("в очереди с", db_default=Now())

    class Meta:
        abstract = True


class ModerationEntry(QueueEntry):
    class Meta:
        db_table = "moderation_queue"
        verbose_name = "баннер на модерацию"
        verbose_name_plural = "очередь на модерацию"


class BsEntry(QueueEntry):
    class Meta:
        db_table = "bs_queue"
        verbose_name = "баннер в БК"
        verbose_name_plural = "очередь в БК"
