"""Which errors say themselves how long to wait: those waits are nobody's fault and cost no attempt. Pure."""

from clients.errors import FloodBlockError, RateLimitedError
from clients.pacing import LaneClosedError, NoSlotError, PaceUnavailableError
from crm.catalogue import CatalogueBusyError

RATE_LIMITED = 5.0  # seconds, where amoCRM told none
CLOSED = 30.0  # until a person or the watchdog has opened the way to amoCRM again
BUSY = 3.0  # somebody else prepares the fields


def told_pause(error: BaseException) -> float | None:
    """Seconds; None where trying again may fail for ever."""
    if isinstance(error, RateLimitedError):
        return error.retry_after or RATE_LIMITED
    if isinstance(error, NoSlotError):
        return max(error.retry_after, 0.5)
    if isinstance(error, LaneClosedError | PaceUnavailableError | FloodBlockError):
        return CLOSED
    return BUSY if isinstance(error, CatalogueBusyError) else None
