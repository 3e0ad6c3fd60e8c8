"""Leases: one process at a time does a thing, and a process that died loses its turn by time.

A row, not an advisory lock: it is visible in the admin, survives poolers, and is held across
statements without a transaction.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from operations import statements

ACQUIRE = """
INSERT INTO operations_lease AS held (name, holder, until)
VALUES (%(name)s, %(holder)s, clock_timestamp() + %(seconds)s * interval '1 second')
ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
WHERE held.until < clock_timestamp() OR held.holder = excluded.holder
RETURNING holder
"""
RELEASE = "DELETE FROM operations_lease WHERE name = %(name)s AND holder = %(holder)s"


def acquire(*, name: str, holder: uuid.UUID, seconds: float) -> bool:
    """Take the lease, or prolong our own. False: somebody else holds it."""
    lasts = seconds * settings.CLOCK_SCALE
    return bool(statements.fetch(ACQUIRE, {"name": name, "holder": holder, "seconds": lasts}))


def release(*, name: str, holder: uuid.UUID) -> None:
    """Give the lease back; nothing happens where time has taken it already."""
    statements.execute(RELEASE, {"name": name, "holder": holder})


@contextmanager
def held(*, name: str, seconds: float) -> Iterator[uuid.UUID | None]:
    """The lease for the length of a block: the holder's id, or None where somebody else has it."""
    holder = uuid.uuid4()
    if not acquire(name=name, holder=holder, seconds=seconds):
        yield None
        return
    try:
        yield holder
    finally:
        release(name=name, holder=holder)
