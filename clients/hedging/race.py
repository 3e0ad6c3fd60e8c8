"""One hedged call as a state machine: told what happened and what time it is, it says what to do.

It knows neither threads nor sockets nor a clock. Whoever drives it calls `ended` for each attempt
that ended and then `step`, no later than the moment the last step named.

- The next attempt starts a soft timeout after the last start, or when one has failed (after a fast
  failure: a little later), while attempts are left and not too many are in flight.
- The first final outcome is the call's; the other attempts are abandoned.
- The call is over no later than its policy's worst case, or `until`.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from math import inf

from clients.hedging.outcomes import Ending, Outcome
from clients.hedging.policy import HedgePolicy

FAST = 0.05  # seconds: who fails sooner than this has not tried
CONNECT_LEAST = 0.05  # seconds: with less left an attempt would not even get connected


class Kind(StrEnum):
    """Why an attempt started."""

    FIRST = "first"
    HEDGE = "hedge"  # the others took too long
    RETRY = "retry"  # another one failed


class Reason(StrEnum):
    """Why a call brought nothing."""

    EXHAUSTED = "exhausted"  # no attempt is left
    DEADLINE = "deadline"  # the caller's time is over
    BUDGET = "budget"  # no extra attempt was granted


@dataclass(frozen=True, slots=True)
class Start:
    """Start this attempt; it is to end by `ends_at`."""

    number: int
    kind: Kind
    ends_at: float


@dataclass(frozen=True, slots=True)
class Try:
    """What became of an attempt. Seconds since the call's beginning."""

    number: int
    kind: Kind
    started: float
    ended: float
    ending: Ending


@dataclass(frozen=True, slots=True)
class Settled:
    """The result of this attempt, value or error, is the call's."""

    number: int


@dataclass(frozen=True, slots=True)
class Failed:
    """There is no result."""

    reason: Reason


Verdict = Settled | Failed


@dataclass(frozen=True, slots=True)
class Step:
    """What to do now; `wake_at`: when to ask again if nothing ends before."""

    start: Start | None
    abandon: tuple[int, ...]
    verdict: Verdict | None
    wake_at: float


@dataclass(frozen=True, slots=True)
class _Flight:
    kind: Kind
    started: float
    ends_at: float


class Race:
    """`until`: the caller's deadline, on the clock of `now`. `allow` is asked before each extra attempt.

    `idempotent`: the call may be carried out more than once. Where not, one attempt flies at a time,
    and only what was certainly not sent is tried again.
    """

    def __init__(
        self,
        policy: HedgePolicy,
        *,
        now: float,
        until: float | None = None,
        idempotent: bool = True,
        allow: Callable[[], bool] = lambda: True,
        draw: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._policy = policy if idempotent else replace(policy, max_in_flight=1)
        self._idempotent = idempotent
        self._allow = allow
        self._draw = draw
        self._began = now
        self._until = inf if until is None else until
        self._end = min(self._until, now + self._policy.worst_case())
        self._due = now  # when the next attempt starts, and why it will
        self._cause = Kind.FIRST
        self._not_before = -inf  # Retry-After
        self._left = policy.retries + 1
        self._flying: dict[int, _Flight] = {}
        self._verdict: Verdict | None = None
        self.tries: list[Try] = []
        self.denied = False  # an extra attempt was wanted and not granted

    def ended(self, number: int, outcome: Outcome, *, now: float) -> None:
        """An attempt ended by itself. What is told of one that was abandoned counts no more."""
        if self._verdict is not None or number not in self._flying:
            return
        flight = self._close(number, outcome.ending, now)
        if outcome.ending is Ending.FINAL or not self._may_follow(outcome.ending):
            self._verdict = Settled(number)
            return
        if outcome.retry_after is not None:
            self._not_before = max(self._not_before, now + outcome.retry_after)
        self._failed(flight, now)

    def step(self, now: float) -> Step:
        """What to do at this moment."""
        abandoned = self._expire(now)
        start = None
        if self._verdict is None:
            if now >= self._end:
                self._verdict = Failed(self._reason(now))
            else:
                start = self._start(now)
        if self._verdict is None and not self._flying and not self._can_start(now):
            self._verdict = Failed(self._reason(now))
        if self._verdict is not None:
            abandoned += tuple(self._flying)
            for number in tuple(self._flying):
                self._close(number, Ending.ABANDONED, now)
        return Step(start, abandoned, self._verdict, self._wake_at(now))

    def _expire(self, now: float) -> tuple[int, ...]:
        late = tuple(number for number, each in self._flying.items() if each.ends_at <= now)
        for number in late:
            flight = self._close(number, Ending.TIMED_OUT, now)
            if self._verdict is None and not self._may_follow(Ending.TIMED_OUT):
                self._verdict = Failed(self._reason(now))
            self._failed(flight, now)
        return late

    def _start(self, now: float) -> Start | None:
        if not self._has_room() or now < self._next_start() or not self._can_start(now):
            return None
        number = len(self.tries) + len(self._flying)
        if number > 0 and not self._allow():
            self._left, self.denied = 0, True
            return None
        self._left -= 1
        kind, ends_at = self._cause, min(now + self._policy.attempt_timeout, self._end)
        self._flying[number] = _Flight(kind, now, ends_at)
        self._due, self._cause = now + self._policy.soft_timeout, Kind.HEDGE
        return Start(number, kind, ends_at)

    def _failed(self, flight: _Flight, now: float) -> None:
        fast = now - flight.started < FAST
        at = now + self._draw(*self._policy.pause) if fast else now
        if at <= self._due or self._due <= now:
            self._due, self._cause = min(at, self._due), Kind.RETRY

    def _may_follow(self, ending: Ending) -> bool:
        return self._idempotent or ending is Ending.NOT_SENT

    def _has_room(self) -> bool:
        """Room for one more; told to wait, we hedge no more."""
        most = 1 if self._not_before > -inf else self._policy.max_in_flight
        return self._left > 0 and len(self._flying) < most

    def _next_start(self) -> float:
        return max(self._due, self._not_before)

    def _can_start(self, now: float) -> bool:
        return self._left > 0 and max(now, self._next_start()) + CONNECT_LEAST <= self._end

    def _wake_at(self, now: float) -> float:
        moments = [self._end, *(each.ends_at for each in self._flying.values())]
        if self._has_room() and self._can_start(now):
            moments.append(self._next_start())
        return min(moments)

    def _reason(self, now: float) -> Reason:
        if self._until <= self._end and (self._left > 0 or now >= self._end):
            return Reason.DEADLINE
        return Reason.BUDGET if self.denied else Reason.EXHAUSTED

    def _close(self, number: int, ending: Ending, now: float) -> _Flight:
        flight = self._flying.pop(number)
        started, ended = flight.started - self._began, now - self._began
        self.tries.append(Try(number, flight.kind, started, ended, ending))
        return flight
