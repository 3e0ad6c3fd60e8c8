"""One pace for all processes that talk to one integration, kept in Redis by one script.

How it keeps "no more than 7 in any second", judged by arrival, with four processes at 98 %:

- Slots are evenly spaced. Of an even row the window is always met with `7 * interval - 1` seconds
  to spare, whatever algorithm the service uses; a burst leaves nothing to spare.
- A slot is reserved ahead and waited for on the caller's own clock, so that a busy machine delays
  no two requests into each other. One that is late all the same is burned, not sent.
- The Redis server's clock is the only one, known to us between two bounds (limiter_clock.py). A
  slot may be used from the latest moment that it can mean until `tolerance` after the earliest:
  uncertainty narrows the slot and never widens it. Nothing left of it: burned as well.
- Burned time is not lost: the slot is given out once more, a little later, where the window of
  slots behind it allows that.

Lanes: interactive reserves ahead; bulk looks one slot ahead, so an interactive request is at most
two slots away, and leaves bulk two slots of seven while bulk waits; background takes what nobody
wants, at most one a second and at least one a minute. Whoever cannot keep up with what bulk causes
may slow it down to those two of seven for a while.
"""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import redis

from clients.limiter_script import Closed, Granted, LimiterScript, Refused, Wait
from clients.limiter_state import PaceState
from clients.limiter_tuning import Tuning
from clients.pacing import Lane, LaneClosedError, NoSlotError, PaceUnavailableError, Slot

NAP_LEAST = 0.001  # seconds: rounding may never make the waiting a busy loop
NAP_MOST = 1.0  # seconds: a block or an opening is noticed that soon
PATIENCE_MOST = 3600.0  # seconds: longer waits belong into the database, not into a thread
LATE_ANSWERS_MOST = 5  # slots in a row that were over when we heard of them: as good as away


@dataclass(frozen=True, slots=True)
class ReservedSlot(Slot):
    """A slot with its place in the row: `moment` on the Redis server's clock, microseconds."""

    moment: int


class _Thread(threading.local):
    burned = False  # whether this thread's last slot came to nothing


class RedisPace:
    """A `Pace`; safe to share between threads, made anew in each process.

    Socket timeouts are those of the client given, and so are its retries: an answer that needed
    one is a slow answer.
    """

    def __init__(
        self,
        *,
        redis: redis.Redis,
        name: str,
        rate: float,
        tuning: Tuning = Tuning(),  # noqa: B008 - frozen
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._script = LimiterScript(
            redis=redis, name=name, rate=rate, tuning=tuning, monotonic=monotonic
        )
        self._tuning = tuning
        self._sleep = sleep
        self._monotonic = monotonic
        # One thread of a process asks for a lane that waits and the others stand behind it, except
        # the one that has burned a slot: that slot's time would be over before its turn.
        self._thread = _Thread()
        self._turns = {Lane.BULK: threading.Lock(), Lane.BACKGROUND: threading.Lock()}

    def reserve(self, lane: Lane, *, patience: float) -> Slot:
        """See `Pace`. Interactive never waits here: a slot at once, or none."""
        asked_at = self._monotonic()
        if lane is Lane.INTERACTIVE:
            return self._ask(lane, asked_at=asked_at, patience=0)
        patience = min(max(patience, 0.0), PATIENCE_MOST)
        turn = self._turns[lane]
        if self._thread.burned:
            self._thread.burned = False
            return self._ask(lane, asked_at=asked_at, patience=patience)
        if not turn.acquire(timeout=patience):
            return self._ask(lane, asked_at=asked_at, patience=0)
        try:
            return self._ask(lane, asked_at=asked_at, patience=patience)
        finally:
            turn.release()

    def burn(self, slot: Slot) -> None:
        """See `Pace`. Its time is given out again: burn only what was certainly not sent.

        Raises PaceUnavailableError.
        """
        if isinstance(slot, ReservedSlot):
            self._script.burn(slot.moment)
            self._thread.burned = True

    def slow_down(self, retry_after: float | None) -> None:
        """See `Pace`. 429s that arrive while frozen are one event. Raises PaceUnavailableError."""
        jitter = random.uniform(0, self._tuning.backoff_jitter)  # noqa: S311 - no secret
        self._script.slow_down(retry_after, jitter=jitter)

    def slow_bulk(self, *, seconds: float) -> None:
        """Bulk gets two slots of seven at most, for so long (a minute at most) or until told anew.

        Raises PaceUnavailableError.
        """
        self._script.slow_bulk(seconds)

    def close(self, reason: str) -> None:
        """See `Pace`. Raises PaceUnavailableError."""
        self._script.close(reason)

    def open(self, *, after_seconds: float = 1.0) -> None:
        """The operator's word: lifts a block. Raises PaceUnavailableError."""
        self._script.open(after_seconds=after_seconds)

    def ensure_open(self) -> None:
        """The watchdog's: opens a limiter that has lost its memory, never one that is blocked.

        To be called only when PostgreSQL says that there is no flood-block. The next slot lies
        behind every slot that was handed out before. Raises PaceUnavailableError.
        """
        self._script.ensure_open()

    def state(self) -> PaceState:
        """For the admin and /metrics. Raises PaceUnavailableError."""
        return PaceState.from_script(self._script.state())

    def _ask(self, lane: Lane, *, asked_at: float, patience: float) -> Slot:
        for _ in range(LATE_ANSWERS_MOST):
            granted = self._granted(lane, asked_at=asked_at, patience=patience)
            slot = ReservedSlot(
                at=granted.latest,
                late_after=granted.earliest + self._tuning.tolerance,
                moment=granted.moment,
            )
            if max(slot.at, self._monotonic()) <= slot.late_after:
                return slot
            self._script.burn(slot.moment)
        raise PaceUnavailableError("the limiter's Redis answers too slowly to keep time")

    def _granted(self, lane: Lane, *, asked_at: float, patience: float) -> Granted:
        while True:
            waited = self._monotonic() - asked_at
            answer = self._script.reserve(lane, patience=max(0.0, patience - waited), waited=waited)
            match answer:
                case Granted():
                    return answer
                case Wait(seconds=seconds):  # no longer than our patience, so this ends
                    self._sleep(min(max(seconds, NAP_LEAST), NAP_MOST))
                case Refused(seconds=seconds):
                    raise NoSlotError(f"no {lane} slot", retry_after=seconds)
                case Closed(reason=None):
                    raise LaneClosedError("nobody has opened the limiter (new, or flushed)")
                case Closed(reason=reason):
                    raise LaneClosedError(f"blocked: {reason}")
