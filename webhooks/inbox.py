"""The inbox: raw requests, stored before anybody looks at them."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from uuid import UUID, uuid4

import orjson
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

from operations import failpoints, statements
from webhooks import spool
from webhooks.models import Door

logger = logging.getLogger(__name__)

DIGEST_BYTES = 16
TRIES = 2  # a connection that was kept may be dead; a new one says whether the database is
# Doors where our own writes come back: they are looked at when those are surely recorded.
ECHOING = frozenset({Door.COMPANY_REFRESH, Door.COMPANY_FEED})

# A body that waits already is not stored twice: whatever it asks for is done later than this.
STORE = """
INSERT INTO webhooks_delivery
    (id, door, body, digest, headers, state, reason, received_at, due_at)
VALUES (%(id)s, %(door)s, %(body)s, %(digest)s, %(headers)s::jsonb, 'stored', '',
        clock_timestamp() - %(age)s * interval '1 second',
        clock_timestamp() + %(wait)s * interval '1 second')
ON CONFLICT DO NOTHING
"""


class InboxFullError(Exception):
    """Neither PostgreSQL nor Redis can take a request now; amoCRM brings it again after a 5xx."""


@dataclass(frozen=True, slots=True)
class Request:
    """What came to a door. `id`: ours; storing the same request twice stores it once."""

    id: UUID
    door: Door
    body: bytes
    headers: Mapping[str, str]


def receive(*, door: Door, body: bytes, headers: Mapping[str, str]) -> bool:
    """Store a request, in PostgreSQL or, where that is away, in Redis. False: it waits already.

    Raises InboxFullError.
    """
    request = Request(uuid4(), door, body, headers)
    # Django would ask "are you there?" before each first statement of a request. The INSERT asks too.
    connection.health_check_done = True  # type: ignore[attr-defined] # unknown to the stubs
    for _ in range(TRIES):
        try:
            return store(request)
        except (InterfaceError, OperationalError) as error:
            logger.warning("inbox.database_away", extra={"error": type(error).__name__})
            connection.close()
    # Where the answer to the INSERT was lost, the id keeps it from being stored twice.
    if not spool.push(request.id, spool_entry(request)):
        raise InboxFullError
    return True


def wait_at(door: Door) -> float:
    """Seconds until what came to a door is read."""
    return float(settings.WEBHOOK_ECHO_WAIT) if door in ECHOING else 0.0


def store(request: Request, *, age: float = 0.0) -> bool:
    """One INSERT. `age`: seconds since it came. False: it is there already, or one like it waits."""
    arguments = {
        "id": request.id,
        "door": request.door.value,
        "body": request.body,
        "digest": blake2b(request.body, digest_size=DIGEST_BYTES).digest(),
        "headers": orjson.dumps(request.headers).decode(),
        "age": age,
        "wait": max(0.0, wait_at(request.door) - age),
    }
    stored = statements.execute(STORE, arguments)
    failpoints.reach("inbox.stored")
    return bool(stored)


def spool_entry(request: Request) -> bytes:
    """A line of JSON about the request, then its body."""
    about = {"door": request.door.value, "headers": request.headers}
    return orjson.dumps(about) + b"\n" + request.body


def load_spool(*, most: int) -> int:
    """Move what Redis has kept into PostgreSQL, in its order. How many."""
    loaded = 0
    for entry in spool.peek(most):
        about, _, body = entry.content.partition(b"\n")
        told = orjson.loads(about)
        request = Request(entry.id, Door(told["door"]), body, told["headers"])
        store(request, age=entry.age)
        spool.drop(entry.id)
        loaded += 1
    return loaded
