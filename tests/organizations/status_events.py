"""Events of the Directory, as they lie in the inbox and as they come."""

import itertools
from datetime import UTC, datetime, timedelta

import orjson

from clients.topics import Message
from organizations.models import Organization, StatusEvent

BEGINNING = datetime(2026, 11, 1, tzinfo=UTC)
_offsets = itertools.count(1)


def happened(permalink: int, *, published: bool, minute: float = 0) -> StatusEvent:
    """An event in the inbox; `minute`: of the hour in which everything happens here."""
    return StatusEvent.objects.create(
        source="topic",
        partition=0,
        event_offset=next(_offsets),
        permalink=permalink,
        published=published,
        event_ts=BEGINNING + timedelta(minutes=minute),
        payload=b"{}",
    )


def statuses(permalink: int) -> dict[int, str]:
    """The organization's status by client, on the current shard."""
    rows = Organization.objects.filter(permalink=permalink)
    return dict(rows.values_list("client_id", "status_publish"))


def said(permalink: int, *, published: bool, minute: float = 0) -> bytes:
    """The event as it stands in the topic."""
    at = BEGINNING + timedelta(minutes=minute)
    return orjson.dumps({"permalink": permalink, "published": published, "ts": at.isoformat()})


def message(data: bytes, *, offset: int, partition: int = 0) -> Message:
    return Message("topic", partition, offset, "", data, BEGINNING)
