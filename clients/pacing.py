"""What a call needs to know about the pace of an outside service: lanes, slots, and who hands them out."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Lane(StrEnum):
    """A share of the request budget, most urgent first."""

    INTERACTIVE = "interactive"
    BULK = "bulk"
    BACKGROUND = "background"


@dataclass(frozen=True, slots=True)
class Slot:
    """The right to send one request at one moment.

    `at`: when the first byte should leave, on this process's monotonic clock (seconds).
    `late_after`: the moment from which the slot is burned, same clock; sending later could put
    one request too many into somebody's one-second window.
    """

    at: float
    late_after: float


class PacingError(Exception):
    """No slot was handed out; nothing may be sent."""


class LaneClosedError(PacingError):
    """The service blocked us, or nobody has opened the limiter yet: only an operator ends this."""


class PaceUnavailableError(PacingError):
    """The limiter's store does not answer, so nothing may be sent."""


class NoSlotError(PacingError):
    """No slot within the time the caller was ready to wait. `retry_after`: seconds."""

    def __init__(self, message: str, *, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Pace(Protocol):
    """Hands out slots; shared by all processes that talk to the service."""

    def reserve(self, lane: Lane, *, patience: float) -> Slot:
        """The next slot of `lane`; waits at most `patience` seconds for the reservation.

        The slot may lie in the future: the caller waits for `slot.at` by itself.
        Raises LaneClosedError, PaceUnavailableError, NoSlotError.
        """
        ...

    def burn(self, slot: Slot) -> None:
        """Give back a slot that was not used, as its moment had passed or its connection had gone.

        Its time may be given to another: burn only what was certainly not sent. Raises
        PaceUnavailableError.
        """
        ...

    def slow_down(self, retry_after: float | None) -> None:
        """429: nothing for `retry_after` seconds (None: our own back-off), then half speed.

        Raises PaceUnavailableError.
        """
        ...

    def close(self, reason: str) -> None:
        """Flood-block: no lane gets a slot until an operator opens the limiter again.

        Raises PaceUnavailableError.
        """
        ...


class Unlimited:
    """A pace for services that set no limit (ours)."""

    def reserve(self, lane: Lane, *, patience: float) -> Slot:  # noqa: ARG002 - Pace's signature
        """A slot that is never late."""
        return Slot(at=0.0, late_after=float("inf"))

    def burn(self, slot: Slot) -> None:
        """No slot here is ever late, and one whose connection had gone costs nothing."""

    def slow_down(self, retry_after: float | None) -> None:
        """Our own services do not answer 429."""

    def close(self, reason: str) -> None:
        """Our own services do not block us."""
