"""What an attempt came to, as far as asking again is concerned."""

from dataclasses import dataclass
from enum import StrEnum

from clients.errors import NotSentError, ServiceError

AGAIN = frozenset({408, 425, 429})  # the 4xx that say "not now"


class Ending(StrEnum):
    """How an attempt ended."""

    FINAL = "final"  # an answer, or a failure that a second attempt would only repeat
    RETRYABLE = "retryable"  # another attempt may fare better
    NOT_SENT = "not_sent"  # the same, and the service has seen nothing of it
    TIMED_OUT = "timed_out"
    ABANDONED = "abandoned"  # another attempt was faster, or the call was over


@dataclass(frozen=True, slots=True)
class Outcome:
    """`retry_after`: seconds the service told us to wait, None where it told nothing."""

    ending: Ending
    retry_after: float | None = None


FINAL = Outcome(Ending.FINAL)


def outcome_of(error: BaseException | None) -> Outcome:
    """The outcome of an attempt that raised `error`; None: it brought an answer.

    Of a service's refusals 408, 425, 429 and all 5xx are worth another attempt, and so is a 2xx
    that does not hold what was promised; the other 4xx are answers. What is no ServiceError is a
    mistake of ours.
    """
    if not isinstance(error, ServiceError):
        return FINAL
    if isinstance(error, NotSentError):
        return Outcome(Ending.NOT_SENT)
    status = error.status
    if status is None or status in AGAIN or status >= 500 or 200 <= status < 300:
        return Outcome(Ending.RETRYABLE, error.retry_after)
    return FINAL
