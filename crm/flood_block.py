"""The flood-block: amoCRM answers 403 to everything, and only a person may try again.

PostgreSQL holds the truth, Redis closes the pace. The two are brought together by `keep_pace_open`,
whatever was lost between them: a flushed Redis, a crash between one write and the other, a Redis
restored from an older dump.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import Error, connection, transaction
from django.utils import timezone

from clients.limiter import RedisPace
from clients.pacing import Lane, PaceUnavailableError, Slot
from crm import configuration
from crm.models import FloodBlock
from crm.pacing import pace
from operations import alerts, audit
from operations.models import Alert

logger = logging.getLogger(__name__)

LOCK = 7_452_001  # advisory lock: whoever brings PostgreSQL and Redis together does it alone


class RecordingPace:
    """The pace as a Transport gets it: its closing is written down where it lasts."""

    def __init__(self, shared: RedisPace) -> None:
        self._shared = shared

    def reserve(self, lane: Lane, *, patience: float) -> Slot:
        """See `Pace`."""
        return self._shared.reserve(lane, patience=patience)

    def burn(self, slot: Slot) -> None:
        """See `Pace`."""
        self._shared.burn(slot)

    def slow_down(self, retry_after: float | None) -> None:
        """See `Pace`."""
        self._shared.slow_down(retry_after)

    def close(self, reason: str) -> None:
        """See `Pace`. Never raises: the 403 that is the reason has to reach the caller."""
        record(reason=reason)


def record(*, reason: str) -> None:
    """Stop everything. Each store is told, whatever becomes of the other; once or many times."""
    _close_pace(reason)
    try:
        with _alone():
            _write_down(reason)
            _close_pace(reason)  # an operator's `lift` may have come between
    except Error as error:
        logger.exception("flood_block.not_recorded", extra={"error": type(error).__name__})


def is_blocked() -> bool:
    """Whether a block is open."""
    return FloodBlock.objects.filter(opened_at=None).exists()


def lift(*, who: str) -> bool:
    """The operator's word. False: there was no block.

    Raises PaceUnavailableError where Redis is away: nothing is lifted then.
    """
    with _alone():
        _bring_together(pace())  # a block that only Redis knows of yet is lifted too
        lifted = FloodBlock.objects.filter(opened_at=None).update(
            opened_at=timezone.now(), opened_by=who
        )
        if not lifted:
            return False
        audit.record(who=who, action="lift_flood_block", target=configuration.read().integration)
        alerts.recover(kind=Alert.Kind.FLOOD_BLOCK)
        pace().open()
    logger.warning("flood_block.lifted", extra={"who": who})
    return True


def keep_pace_open() -> None:
    """The watchdog's step: Redis follows PostgreSQL, except that no block is ever forgotten."""
    if not configuration.is_complete():
        return
    try:
        with _alone():
            _bring_together(pace())
    except PaceUnavailableError as error:
        logger.warning("flood_block.pace_unavailable", extra={"error": str(error)})


def _bring_together(shared: RedisPace) -> None:
    block = FloodBlock.objects.filter(opened_at=None).first()
    blocked = shared.state().blocked
    if block is not None and blocked is None:
        shared.close(block.reason)
    elif block is None and blocked is not None:
        _write_down(blocked)
    elif block is None:
        shared.ensure_open()


def _write_down(reason: str) -> None:
    _, is_new = FloodBlock.objects.get_or_create(opened_at=None, defaults={"reason": reason})
    if is_new:
        logger.error("flood_block.recorded", extra={"reason": reason})
    alerts.raise_alert(kind=Alert.Kind.FLOOD_BLOCK, text=reason)


def _close_pace(reason: str) -> None:
    try:
        pace().close(reason)
    except PaceUnavailableError as error:
        logger.warning("flood_block.pace_unavailable", extra={"error": str(error)})


@contextmanager
def _alone() -> Iterator[None]:
    """A transaction that no other of this module runs beside.

    Redis is asked within it: a few times, each bounded by `crm.pacing`.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        yield
