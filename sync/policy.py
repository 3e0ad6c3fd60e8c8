"""What a pump does about an error: the type decides. Seconds are those until the portion is tried again."""

from dataclasses import dataclass

from django.db import InterfaceError, OperationalError

from clients.errors import (
    AuthError,
    FloodBlockError,
    NoRightsError,
    NotSentError,
    RateLimitedError,
    TransientError,
    UnexpectedAnswerError,
    UnknownOutcomeError,
    UnpaidError,
    ValidationError,
)
from clients.pacing import LaneClosedError, NoSlotError, PaceUnavailableError
from companies.creating import AttemptLostError
from crm.catalogue import CatalogueError

SOON = 5.0  # somebody's hiccup
LATER = 30.0  # until a person or the watchdog has done something
RATE_LIMITED = 10.0  # where amoCRM told no time; the limiter keeps its own, longer back-off


@dataclass(frozen=True, slots=True)
class Decision:
    """`wait`: the portion is open again after that. `stop`: this pump ends. `fatal`: so does the run."""

    wait: float = SOON
    stop: bool = False
    fatal: bool = False


# Only a person ends these; every further portion would run into the same wall.
FATAL = (NoRightsError, UnpaidError, ValidationError, CatalogueError)
WAITING = (NotSentError, TransientError, UnknownOutcomeError, UnexpectedAnswerError)
CLOSED = (LaneClosedError, FloodBlockError, AuthError, PaceUnavailableError)
DATABASE = (OperationalError, InterfaceError)


def decide(error: BaseException) -> Decision | None:
    """None: nobody foresaw this; the portion is parked for a person."""
    match error:
        case _ if isinstance(error, FATAL):
            return Decision(stop=True, fatal=True)
        case RateLimitedError():
            return Decision(wait=error.retry_after or RATE_LIMITED, stop=True)
        case NoSlotError():
            return Decision(wait=max(SOON, error.retry_after), stop=True)
        case _ if isinstance(error, CLOSED):
            return Decision(wait=LATER, stop=True)
        case _ if isinstance(error, (*WAITING, *DATABASE, AttemptLostError)):
            return Decision(wait=SOON)
        case _:
            return None
