"""What a pump does about an error: the type decides. Seconds are those until the portion is tried again."""

from dataclasses import dataclass, replace

from django.conf import settings
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
from crm.catalogue import CatalogueBusyError, CatalogueError
from sync.sending import SliceOverError

SOON = 5.0  # somebody's hiccup
LATER = 30.0  # until a person or the watchdog has done something
RATE_LIMITED = 10.0  # where amoCRM told no time; the limiter keeps its own, longer back-off


@dataclass(frozen=True, slots=True)
class Decision:
    """`wait`: the portion is open again after that. `stop`: this pump ends. `fatal`: so does the run."""

    wait: float = SOON
    stop: bool = False
    fatal: bool = False


FATAL = Decision(stop=True, fatal=True)  # every further portion would run into the same wall
CLOSED = Decision(wait=LATER, stop=True)
HICCUP = Decision(wait=SOON)

# The first row that fits decides: a subclass stands before its base.
DECISIONS: tuple[tuple[type[BaseException], Decision], ...] = (
    (CatalogueBusyError, HICCUP),
    (CatalogueError, FATAL),
    (NoRightsError, FATAL),
    (UnpaidError, FATAL),
    (ValidationError, FATAL),
    (LaneClosedError, CLOSED),
    (FloodBlockError, CLOSED),
    (AuthError, CLOSED),
    (PaceUnavailableError, CLOSED),
    (SliceOverError, Decision(wait=0.0)),
    (NotSentError, HICCUP),
    (TransientError, HICCUP),
    (UnknownOutcomeError, HICCUP),
    (UnexpectedAnswerError, HICCUP),
    (AttemptLostError, HICCUP),
    (OperationalError, HICCUP),
    (InterfaceError, HICCUP),
)


def decide(error: BaseException) -> Decision | None:
    """None: nobody foresaw this; the portion is parked for a person."""
    if isinstance(error, RateLimitedError):
        return Decision(wait=error.retry_after or RATE_LIMITED, stop=True)
    if isinstance(error, NoSlotError):
        return Decision(wait=max(SOON, error.retry_after), stop=True)
    fitting = (decision for kind, decision in DECISIONS if isinstance(error, kind))
    found = next(fitting, None)
    return found and replace(found, wait=found.wait * settings.CLOCK_SCALE)
