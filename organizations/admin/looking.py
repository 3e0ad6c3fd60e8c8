"""Organizations by permalink, client or banner: where they are linked, and what an advertiser sees."""

from collections.abc import Callable
from typing import Any, Final

from django import forms
from django.http import HttpRequest
from django.utils.http import urlencode
from unfold.widgets import UnfoldAdminBigIntegerFieldWidget, UnfoldAdminTextInputWidget

from ads import shards
from clients.errors import ServiceError
from organizations import overview, previews
from organizations.admin import tables
from organizations.admin.pages import Context, page
from organizations.admin.tables import Table, made
from organizations.connection import directory
from organizations.refusals import LinkRefusedError

LARGEST: Final = 2**63 - 1
MOST_FOUND = 20  # of a search by name, best first
SEARCH_SECONDS = 7.0  # at worst; a person waits
QUEUES = {"moderation": "модерация", "bs": "БК"}


def _number(label: str) -> forms.IntegerField:
    widget = UnfoldAdminBigIntegerFieldWidget
    return forms.IntegerField(
        label=label, min_value=1, max_value=LARGEST, required=False, widget=widget
    )


class LookForm(forms.Form):
    permalink = _number("Организация (permalink)")
    client = _number("ID клиента")
    bid = _number("ID баннера")
    text = forms.CharField(
        label="Название или адрес",
        max_length=200,
        required=False,
        widget=UnfoldAdminTextInputWidget,
    )


@page(
    title="Организации",
    template="organizations/look.html",
    permission="organizations.view_organization",
)
def look(request: HttpRequest) -> Context:
    """The form, and below it what it asks for; the preview only where it is asked for too."""
    form = LookForm(request.GET or None)
    wanted: dict[str, Any] = form.cleaned_data if form.is_valid() else {}
    context: dict[str, object] = {"form": form, "tables": [], "failures": {}, "problem": ""}
    for name, section in SECTIONS.items():
        if wanted.get(name):
            context |= {"subtitle": f"{form.fields[name].label}: {wanted[name]}"}
            context |= section(wanted[name])
            break
    if wanted.get("permalink"):
        again = urlencode({"permalink": wanted["permalink"], "preview": 1})
        context |= {"permalink": wanted["permalink"], "preview_url": f"?{again}"}
        context |= _preview(wanted["permalink"]) if "preview" in request.GET else {}
    return context


def _of_organization(permalink: int) -> Context:
    found = overview.organization(permalink)
    clients = (tables.SHARD, tables.CLIENT, tables.STORED_STATUS, tables.CHAIN)
    campaigns = (tables.SHARD, tables.CLIENT, tables.CAMPAIGN, tables.PHONE)
    banners = (tables.SHARD, tables.CLIENT, tables.CAMPAIGN, tables.BANNER, *tables.OF_BANNER)
    event = (
        tables.SHARD,
        ("событие", lambda row: "опубликована" if row["published"] else "снята с публикации"),
        ("когда", lambda row: tables.moment(row["event_ts"])),
        ("применено", lambda row: tables.moment(row["applied_at"])),
    )
    note = "Только ручные привязки; автоматические видны на странице баннера."
    return _shown(
        found,
        made("У клиентов", clients, found, "clients"),
        made("В кампаниях", campaigns, found, "campaigns"),
        made("На баннерах", banners, found, "banners", note=note),
        made("Последнее событие Справочника", event, found, "event"),
    )


def _of_client(client_id: int) -> Context:
    try:
        found = overview.client(client_id)
    except shards.UnknownClientError:
        return {"problem": f"Клиента {client_id} нет ни на одном шарде."}
    organizations = (tables.SHARD, tables.ORGANIZATION, tables.STORED_STATUS, tables.CHAIN)
    campaigns = (tables.CAMPAIGN, tables.ORGANIZATION, tables.PHONE)
    banners = (tables.CAMPAIGN, tables.BANNER, tables.ORGANIZATION, *tables.OF_BANNER)
    return _shown(
        found,
        made("Организации клиента", organizations, found, "organizations"),
        made("Кампании с организацией", campaigns, found, "campaigns"),
        made("Баннеры с ручной привязкой", banners, found, "banners"),
        made("Изменения кампаний", tables.CHANGES, found, "changes"),
        made("История привязок", tables.HISTORY, found, "history"),
    )


def _of_banner(bid: int) -> Context:
    found = overview.banner(bid)
    links = (
        tables.SHARD, tables.CLIENT, tables.CAMPAIGN, tables.ORGANIZATION,
        ("сеть", tables.chain), ("привязана", tables.assigned), *tables.OF_BANNER,
    )  # fmt: skip
    queues = (
        ("очередь", lambda row: QUEUES[row["queue"]]),
        ("причина", lambda row: row["reason"]),
        ("версия", lambda row: row["version"]),
        ("ждёт с", lambda row: tables.moment(row["enqueued_at"])),
    )
    return _shown(
        found,
        made("Организации баннера", links, found, "banners"),
        made("В очередях", queues, found, "queues"),
        made("История привязок", tables.HISTORY, found, "history"),
    )


def _of_text(text: str) -> Context:
    try:
        found = directory().search(text, limit=MOST_FOUND, deadline=SEARCH_SECONDS)
    except ServiceError:
        return {"problem": "Справочник не отвечает: поиск по названию не работает."}
    rows = [
        (
            tables.look(each.permalink, permalink=each.permalink),
            each.names[0].value if each.names else tables.NOTHING,
            each.address.text if each.address else tables.NOTHING,
        )
        for each in found
    ]
    headers = ("организация", "название", "адрес")
    return {"tables": [Table("Нашлось в Справочнике", headers, rows)]}


def _preview(permalink: int) -> Context:
    """What the advertiser would see before linking it."""
    try:
        [*found] = previews.get_info(permalinks=[permalink], directory=directory())
    except LinkRefusedError as refusal:
        return {"preview_problem": refusal.text}
    if not found:
        return {"preview_problem": "Справочник не знает такой организации."}
    [preview] = found
    tone = tables.SEVERITY_TONES[preview.severity]
    label = tables.label(tone, tables.STATUSES[preview.status])
    return {"preview": preview, "preview_status": label}


def _shown(found: overview.Found, *shown: Table) -> Context:
    return {"tables": shown, "failures": found.failures}


SECTIONS: Final[dict[str, Callable[[Any], Context]]] = {
    "permalink": _of_organization,
    "client": _of_client,
    "bid": _of_banner,
    "text": _of_text,
}
