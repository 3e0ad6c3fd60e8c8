"""What a message of the topic says: `{"permalink": 1, "published": true, "ts": "2026-11-01T12:00:00Z"}`.

Nobody has written that format down for us. What else is in a message is kept and not looked at;
what is not all there is no event.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

MOST_BYTES = 65_536  # an event has a hundred
MOST_PERMALINK = 2**63 - 1  # of the columns
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
# An event from the future would keep all that follow from being applied.
AHEAD = timedelta(days=1)


class UnreadableError(ValueError):
    """This is no event; says why."""


@dataclass(frozen=True, slots=True)
class StatusChange:
    """An organization was published, or taken off, at that moment."""

    permalink: int
    published: bool
    at: datetime


def parse(data: bytes, *, now: datetime) -> StatusChange:
    """The event of a message. Raises UnreadableError."""
    if len(data) > MOST_BYTES:
        raise UnreadableError(f"{len(data)} bytes")
    try:
        said = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise UnreadableError(f"no JSON: {error}") from error
    if not isinstance(said, dict):
        raise UnreadableError("no object")
    permalink, published = said.get("permalink"), said.get("published")
    if type(permalink) is not int or not 0 < permalink <= MOST_PERMALINK:
        raise UnreadableError(f"permalink: {permalink!r}"[:200])
    if type(published) is not bool:
        raise UnreadableError(f"published: {published!r}"[:200])
    return StatusChange(permalink, published, _moment(said.get("ts"), now))


def _moment(said: Any, now: datetime) -> datetime:
    try:
        moment = datetime.fromisoformat(said)
    except (TypeError, ValueError) as error:
        raise UnreadableError(f"ts: {said!r}"[:200]) from error
    if moment.tzinfo is None:
        raise UnreadableError(f"ts without a zone: {said}")
    if not EARLIEST <= moment <= now + AHEAD:
        raise UnreadableError(f"ts out of its bounds: {said}")
    return moment
