"""Reads of webhooks that have a name: what waits, for how long, and what is inside of a body."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from operations import statements
from webhooks.models import Delivery
from webhooks.parsing import Flaw, UnparsableError, parse

MOST_ERRORS = 20  # classes of errors; each one is a time series for ever
MOST_LINES = 1_000  # of a body on a page; 50 companies' card fields
LONGEST_SHOWN = 500  # characters of a name or a value on a page
LONGEST_RAW = 20_000  # characters of a body as it came

FLAWS = {
    Flaw.BAD_UTF8: "Тело не в UTF-8: лишние байты заменены",
    Flaw.BAD_KEY: "Имена с ошибкой в скобках: пропущены",
    Flaw.LONG_KEY: "Слишком длинные имена: пропущены",
    Flaw.DEEP_KEY: "Слишком глубокие имена: пропущены",
    Flaw.LONG_VALUE: "Слишком длинные значения: обрезаны",
    Flaw.CONFLICT: "Значения на месте групп или наоборот: осталось последнее",
}

# statement_timestamp(), for clock_timestamp() cannot be looked up in an index. An event behind an
# earlier one of its card cannot be handled, whatever its time says.
OVERDUE = """
SELECT (
    SELECT extract(epoch FROM statement_timestamp() - min(due_at)) FROM webhooks_delivery
    WHERE state = 'stored' AND due_at <= statement_timestamp()
)::float8, extract(epoch FROM statement_timestamp() - least((
    SELECT e.not_before FROM webhooks_event e
    WHERE e.state = 'waiting' AND e.not_before <= statement_timestamp() AND NOT EXISTS (
        SELECT FROM webhooks_event b WHERE b.door = e.door AND b.entity_id = e.entity_id
        AND b.id < e.id AND b.state IN ('waiting', 'working'))
    ORDER BY e.not_before LIMIT 1
), (
    SELECT min(lease_until) FROM webhooks_event
    WHERE state = 'working' AND lease_until < statement_timestamp()
)))::float8
"""
DEAD = f"""
SELECT error, count(*) FROM webhooks_event WHERE state = 'dead'
GROUP BY error ORDER BY count(*) DESC, error LIMIT {MOST_ERRORS}
"""  # noqa: S608 - a number of this file


@dataclass(frozen=True, slots=True)
class Overdue:
    """For how many seconds the oldest request, and the oldest event, could have been worked on."""

    request: float
    event: float


@dataclass(frozen=True, slots=True)
class Line:
    """One name of a body. `depth` from 0; `value` is None for a group, whose lines follow."""

    depth: int
    name: str
    value: str | None


@dataclass(frozen=True, slots=True)
class Opened:
    """What a page shows of stored data. `problem`: why the body is none of amoCRM's."""

    lines: Sequence[Line]
    more_lines: bool
    flaws: Mapping[str, int] = field(default_factory=dict)
    problem: str = ""
    raw: str = ""
    more_raw: bool = False


def overdue() -> Overdue:
    """0 where nothing is due. Two looks at partial indexes."""
    request, event = statements.fetch(OVERDUE, {})[0]
    return Overdue(request=max(request or 0.0, 0.0), event=max(event or 0.0, 0.0))


def dead_errors() -> list[tuple[str, int]]:
    """The most frequent errors that events died of."""
    return [(error, count) for error, count in statements.fetch(DEAD, {})]


def opened(delivery: Delivery) -> Opened:
    """A request's body as the reader understands it, and as it came."""
    body = bytes(delivery.body)
    raw = body[:LONGEST_RAW].decode(errors="replace")
    cut = len(body) > LONGEST_RAW
    try:
        parsed = parse(body)
    except UnparsableError as error:
        return Opened((), False, problem=str(error), raw=printable(raw), more_raw=cut)
    lines, more = _first_lines(parsed.data)
    flaws = {FLAWS[flaw]: count for flaw, count in parsed.flaws.items()}
    return Opened(lines, more, flaws=flaws, raw=printable(raw), more_raw=cut)


def opened_item(item: Mapping[str, object]) -> Opened:
    """An event's own part of the body."""
    return Opened(*_first_lines(item))


def printable(text: str) -> str:
    """With escapes for what a page would hide, or be turned around by: controls, bidi marks."""
    if text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() or letter == "\xa0" else ascii(letter)[1:-1]
        for letter in text
    )


def _first_lines(data: Mapping[str, object]) -> tuple[Sequence[Line], bool]:
    lines: list[Line] = []
    for line in _lines(data, 0):
        if len(lines) == MOST_LINES:
            return lines, True
        lines.append(line)
    return lines, False


def _lines(data: Mapping[str, object], depth: int) -> Iterator[Line]:
    """The parser lets nothing through that is deeper than a few steps."""
    for name, value in data.items():
        if isinstance(value, Mapping):
            yield Line(depth, _shown(name), None)
            yield from _lines(value, depth + 1)
        else:
            yield Line(depth, _shown(name), _shown(str(value)))


def _shown(text: str) -> str:
    cut = printable(text[:LONGEST_SHOWN])
    return f"{cut}…" if len(text) > LONGEST_SHOWN else cut
