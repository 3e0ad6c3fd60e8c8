"""Tables as unfold draws them, and what stands in their cells."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import urlencode

from ads.models import Banner
from organizations.models import CampaignChange, LinkHistory
from organizations.overview import MOST, Found, Row
from organizations.statuses import Severity, Status, StatusPublish

MOMENT = "%d.%m.%Y %H:%M:%S"
NOTHING = "—"
TONES = {
    "green": "bg-green-100 text-green-700 dark:bg-green-500/20 dark:text-green-400",
    "yellow": "bg-orange-100 text-orange-700 dark:bg-orange-500/20 dark:text-orange-400",
    "red": "bg-red-100 text-red-700 dark:bg-red-500/20 dark:text-red-400",
    "grey": "bg-base-500/8 text-base-700 dark:bg-base-500/20 dark:text-base-200",
}
SEVERITY_TONES = {Severity.OK: "green", Severity.WARNING: "yellow", Severity.ERROR: "red"}
STORED = {
    StatusPublish.PUBLISHED: ("green", "опубликована"),
    StatusPublish.UNPUBLISHED: ("red", "снята с публикации"),
    StatusPublish.UNKNOWN: ("grey", "неизвестно"),
}
STATUSES = {
    Status.PUBLISHED: "опубликована",
    Status.MOVED: "переехала",
    Status.TEMPORARILY_CLOSED: "временно закрыта",
    Status.UNPUBLISHED: "снята с публикации",
    Status.CLOSED: "закрыта",
    Status.UNKNOWN: "неизвестно",
}
CHANGE_TONES = {
    CampaignChange.State.WAITING: "grey",
    CampaignChange.State.RUNNING: "yellow",
    CampaignChange.State.DONE: "green",
    CampaignChange.State.FAILED: "red",
}
MODERATION_TONES = {Banner.Moderation.YES: "green", Banner.Moderation.NO: "red"}

Column = tuple[str, Callable[[Row], object]]


@dataclass(frozen=True, slots=True)
class Table:
    """`note`: in small, below."""

    title: str
    headers: Sequence[str]
    rows: Sequence[Sequence[object]]
    note: str = ""

    @property
    def table(self) -> dict[str, object]:
        """As `unfold/components/table.html` takes it."""
        return {"headers": self.headers, "rows": self.rows}


def made(
    title: str, columns: Iterable[Column], found: Found, name: str, *, note: str = ""
) -> Table:
    """The rows that were `found` under this name."""
    listed = list(columns)
    rows = [[cell(row) for _, cell in listed] for row in found.rows[name]]
    cut = f"Показаны первые {MOST} с каждого шарда." if name in found.cut else ""
    return Table(title, [header for header, _ in listed], rows, " ".join(filter(None, (note, cut))))


def look(text: object, **wanted: int) -> str:
    """A link to the page of an organization, a client or a banner."""
    url = f"{reverse('organizations-admin:look')}?{urlencode(wanted)}"
    return format_html('<a class="underline whitespace-nowrap" href="{}">{}</a>', url, text)


def label(tone: str, text: object) -> str:
    return format_html(
        '<span class="inline-block font-semibold rounded-default text-[11px] uppercase'
        ' whitespace-nowrap h-6 leading-6 px-2 {}">{}</span>',
        TONES[tone],
        text,
    )


def moment(at: datetime | None) -> str:
    """In the admin's zone; UTC when pointed at."""
    if at is None:
        return NOTHING
    return format_html(
        '<span class="whitespace-nowrap" title="{} UTC">{}</span>',
        at.astimezone(UTC).strftime(MOMENT),
        timezone.localtime(at).strftime(MOMENT),
    )


def masked(number: str | None) -> str:
    """The last two digits are enough to tell a client's numbers apart."""
    return f"…{number[-2:]}" if number else NOTHING


def yes_or_no(value: object) -> str:
    return "да" if value else "нет"


def stored(row: Row) -> str:
    return label(*STORED[StatusPublish(row["status_publish"])])


def chain(row: Row) -> object:
    return row["chain_id"] or NOTHING


def client(row: Row) -> str:
    return look(row["client_id"], client=row["client_id"])


def permalink(row: Row) -> str:
    return look(row["permalink"], permalink=row["permalink"]) if row["permalink"] else NOTHING


def banner(row: Row) -> str:
    return look(row["bid"], bid=row["bid"])


def phone(row: Row) -> str:
    return masked(row["phone"])


def moderation(row: Row) -> str:
    status = Banner.Moderation(row["status_moderate"])
    return label(MODERATION_TONES.get(status, "grey"), status.label)


def synced(row: Row) -> str:
    return Banner.Synced(row["status_bs_synced"]).label


def assigned(row: Row) -> str:
    if row["assigned"] == "manual":
        return "вручную"
    return "автоматически, рекомендация скрыта" if row["rejected"] else "автоматически"


def organization(number: int | None) -> str:
    return look(number, permalink=number) if number else NOTHING


def changed(row: Row) -> str:
    """From one organization to another, or the one whose number or flag became different."""
    before, after = row["from_permalink"], row["to_permalink"]
    if before == after or row.get("action") == LinkHistory.Action.REJECTED:
        return organization(before)
    arrow = '<span class="whitespace-nowrap">{} → {}</span>'
    return format_html(arrow, organization(before), organization(after))


def phone_changed(row: Row) -> str:
    """Numbers are looked at on the client's own page; here, whether it is another one."""
    before, after = row["from_phone"], row["to_phone"]
    if before == after:
        return NOTHING if after is None else "тот же"
    return "убран" if after is None else "добавлен" if before is None else "другой"


def who(row: Row) -> str:
    return row["actor"] if row["uid"] is None else f"{row['actor']} (uid {row['uid']})"


def state(row: Row) -> str:
    named = CampaignChange.State(row["state"])
    return label(CHANGE_TONES[named], named.label)


SHARD: Column = ("шард", lambda row: row["shard"])
CLIENT: Column = ("клиент", client)
ORGANIZATION: Column = ("организация", permalink)
CAMPAIGN: Column = ("кампания", lambda row: row["cid"])
BANNER: Column = ("баннер", banner)
CHAIN: Column = ("сеть при первой привязке", chain)
STORED_STATUS: Column = ("статус", stored)
PHONE: Column = ("телефон", phone)
OF_BANNER: tuple[Column, ...] = (
    PHONE,
    ("визитка важнее", lambda row: yes_or_no(row["prefer_vcard"])),
    ("модерация", moderation),
    ("отправка в БК", synced),
)
HISTORY: tuple[Column, ...] = (
    ("когда", lambda row: moment(row["made_at"])),
    ("кто", who),
    ("баннер", lambda row: banner(row) if row["bid"] else "вся кампания"),
    ("кампания", lambda row: row["cid"]),
    ("что", lambda row: LinkHistory.Action(row["action"]).label),
    ("организация", changed),
    ("телефон", phone_changed),
    ("визитка важнее", lambda row: yes_or_no(row["to_vcard"])),
)
CHANGES: tuple[Column, ...] = (
    SHARD,
    ("номер", lambda row: row["id"]),
    CLIENT,
    CAMPAIGN,
    ("организация", changed),
    ("состояние", state),
    ("баннеров", lambda row: row["banners"]),
    ("создано", lambda row: moment(row["created_at"])),
    ("закончено", lambda row: moment(row["finished_at"])),
    ("кто", who),
    ("причина", lambda row: row["reason"] or NOTHING),
)
