"""The Directory's events about publication: how far each shard is, and what has come lately."""

from functools import partial

from django.http import HttpRequest

from ads import shards
from organizations import lags, overview
from organizations.admin import tables
from organizations.admin.pages import Context, page
from organizations.admin.tables import Table
from organizations.models import StatusDeadLetter, StatusEvent, StatusTopic

MOST_SHOWN = 50  # events, the newest first
LONGEST_REASON = 140  # characters
PUBLISHED = ("green", "опубликована")
UNPUBLISHED = ("red", "снята с публикации")


@page(
    title="События Справочника",
    template="organizations/tables.html",
    permission="organizations.view_statusevent",
)
def events(request: HttpRequest) -> Context:  # noqa: ARG001 - every page's signature
    """The topic, the shards, the newest events, and what was not understood."""
    looked = [overview.look(shard, partial(_lag, shard)) for shard in shards.all_shards()]
    shown = (_topics(), _shards(looked), _newest(), _dead())
    return {
        "tables": shown,
        "failures": {each.shard: each.failure for each in looked if each.failure},
    }


def _lag(shard: int) -> lags.Lag:
    return lags.lag(shard=shard)


def _topics() -> Table:
    rows = [
        (topic.name, tables.moment(topic.polled_at))
        for topic in StatusTopic.objects.order_by("name")
    ]
    return Table("Топик", ("название", "последний раз читали"), rows)


def _shards(looked: list[overview.OnShard[lags.Lag]]) -> Table:
    rows = [
        (each.shard, _waiting(each.found), f"{each.found.seconds:.0f} с")
        for each in looked
        if each.found is not None
    ]
    return Table("Отставание шардов", ("шард", "событий ждёт", "первое ждёт"), rows)


def _waiting(lag: lags.Lag) -> str:
    if lag.events >= lags.MOST_COUNTED:
        return tables.label("red", f"{lags.MOST_COUNTED} или больше")
    return tables.label("yellow" if lag.events else "green", lag.events)


def _newest() -> Table:
    found = StatusEvent.objects.defer("payload").order_by("-id")[:MOST_SHOWN]
    rows = [
        (
            event.id,
            tables.organization(event.permalink),
            tables.label(*(PUBLISHED if event.published else UNPUBLISHED)),
            tables.moment(event.event_ts),
            tables.moment(event.received_at),
            f"{event.source}, {event.partition}: {event.event_offset}",
        )
        for event in found
    ]
    headers = ("номер", "организация", "стала", "когда", "получено", "место в топике")
    note = f"Показаны последние {MOST_SHOWN}." if len(rows) == MOST_SHOWN else ""
    return Table("Последние события", headers, rows, note)


def _dead() -> Table:
    found = StatusDeadLetter.objects.defer("payload").order_by("-id")[:MOST_SHOWN]
    rows = [
        (letter.id, letter.reason[:LONGEST_REASON], tables.moment(letter.received_at),
         f"{letter.source}, {letter.partition}: {letter.event_offset}")
        for letter in found
    ]  # fmt: skip
    headers = ("номер", "что не так", "получено", "место в топике")
    return Table("Непонятые сообщения", headers, rows)
