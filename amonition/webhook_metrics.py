"""What waits of amoCRM's webhooks, and what was given up: looks at partial indexes only."""

from collections.abc import Iterator, Sequence

from prometheus_client.metrics_core import Metric

from amonition.metric_families import gauge
from operations import statements
from webhooks import selectors
from webhooks.models import Event, Note, Transfer

# Ages come from the clock that wrote the rows.
REQUESTS = """
SELECT count(*), greatest(extract(epoch FROM clock_timestamp() - min(received_at)), 0)::float8
FROM webhooks_delivery WHERE state = 'stored'
"""
EVENTS = """
SELECT state, count(*), greatest(extract(epoch FROM clock_timestamp() - min(received_at)), 0)::float8
FROM webhooks_event WHERE state IN ('waiting', 'working') GROUP BY state
"""
NOTES = """
SELECT state, count(*) FROM webhooks_note WHERE state IN ('planned', 'sent') GROUP BY state
"""
TRANSFERS = """
SELECT state, count(*) FROM webhooks_transfer
WHERE opened_at > statement_timestamp() - interval '1 day' GROUP BY state
"""
UNSETTLED = """
SELECT state, count(*) FROM webhooks_transfer
WHERE state IN ('requested', 'unknown') GROUP BY state
"""
NOTES_TO_LEAVE = (Note.State.PLANNED, Note.State.SENT)


def measure() -> Iterator[Metric]:
    """Everything; not a snapshot of one moment. Raises django.db.Error."""
    overdue = selectors.overdue()
    yield from _requests(overdue.request)
    yield from _events(overdue.event)
    rows = _by_state(NOTES, [state.value for state in NOTES_TO_LEAVE])
    yield gauge("webhooks_notes_open", "Notes that are to be left on cards", ["state"], rows)
    rows = _by_state(TRANSFERS, Transfer.State.values)
    yield gauge("webhooks_transfers_day", "Transfers of the last 24 hours", ["state"], rows)
    rows = _by_state(UNSETTLED, [state.value for state in Transfer.UNSETTLED])
    yield gauge("webhooks_transfers_unsettled", "Transfers without an outcome", ["state"], rows)


def _requests(overdue: float) -> Iterator[Metric]:
    waiting, oldest = statements.fetch(REQUESTS, {})[0]
    yield gauge("webhooks_requests_waiting", "Requests not read yet", rows=[([], waiting)])
    text = "Since the oldest request that is not read yet came"
    yield gauge("webhooks_request_oldest_seconds", text, rows=[([], oldest or 0.0)])
    text = "Since the oldest unread request could have been read"
    yield gauge("webhooks_request_overdue_seconds", text, rows=[([], overdue)])


def _events(overdue: float) -> Iterator[Metric]:
    found = {state: (count, age) for state, count, age in statements.fetch(EVENTS, {})}
    rows = [([state.value], found.get(state, (0, 0.0))[0]) for state in Event.UNFINISHED]
    yield gauge("webhooks_events_open", "Events that are not handled yet", ["state"], rows)
    oldest = max((age for _, age in found.values()), default=0.0)
    text = "Since the oldest event that is not handled yet came"
    yield gauge("webhooks_event_oldest_seconds", text, rows=[([], oldest)])
    text = "Since the oldest event could have been handled"
    yield gauge("webhooks_event_overdue_seconds", text, rows=[([], overdue)])
    dead = [([error], count) for error, count in selectors.dead_errors()]
    text = "Events given up that people have to look at, the most frequent errors"
    yield gauge("webhooks_events_dead", text, ["error"], dead)


def _by_state(statement: str, states: Sequence[str]) -> list[tuple[list[str], float]]:
    found: dict[str, int] = dict(statements.fetch(statement, {}))
    return [([state], found.get(state, 0)) for state in states]
