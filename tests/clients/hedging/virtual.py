"""Hedged calls on a virtual clock: scripted attempts, and a time that jumps from event to event."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import inf

from clients.hedging.outcomes import FINAL, Ending, Outcome
from clients.hedging.policy import HedgePolicy
from clients.hedging.race import Race, Settled, Start, Verdict

STEPS_MOST = 200  # a call has a handful of events; more is a machine that does not come to an end


@dataclass(frozen=True, slots=True)
class Scripted:
    """An attempt that ends after `latency` seconds, if it is let."""

    latency: float
    outcome: Outcome = FINAL


HANGS = Scripted(inf)


def ok(latency: float) -> Scripted:
    return Scripted(latency)


def fails(
    latency: float, *, retry_after: float | None = None, ending: Ending = Ending.RETRYABLE
) -> Scripted:
    return Scripted(latency, Outcome(ending, retry_after))


@dataclass
class Played:
    """What came of it; `starts`: when, and `most`: how many flew at once."""

    race: Race
    verdict: Verdict
    ended_at: float
    starts: list[float] = field(default_factory=list)
    abandoned: list[int] = field(default_factory=list)
    left_running: set[int] = field(default_factory=set)
    most: int = 0

    @property
    def winner(self) -> int | None:
        return self.verdict.number if isinstance(self.verdict, Settled) else None

    @property
    def kinds(self) -> list[str]:
        return [str(each.kind) for each in sorted(self.race.tries, key=lambda each: each.number)]


def play(
    policy: HedgePolicy,
    script: Sequence[Scripted],
    *,
    until: float | None = None,
    idempotent: bool = True,
    allow: Callable[[], bool] = lambda: True,
    draw: Callable[[float, float], float] = min,
) -> Played:
    """One call from 0.0; attempts beyond the script hang."""
    now, steps = 0.0, 0
    race = Race(policy, now=now, until=until, idempotent=idempotent, allow=allow, draw=draw)
    flying: dict[int, float] = {}
    starts: list[float] = []
    abandoned: list[int] = []
    most = 0
    while True:
        for number in sorted(each for each, ends in flying.items() if ends <= now):
            del flying[number]
            race.ended(number, _script(script, number).outcome, now=now)
        step = race.step(now)
        for number in step.abandon:
            abandoned.append(number)
            flying.pop(number, None)  # it may have ended in this very moment
        if step.start is not None:
            _begin(step.start, script, flying, now)
            starts.append(now)
            most = max(most, len(flying))
        if step.verdict is not None:
            return Played(race, step.verdict, now, starts, abandoned, set(flying), most)
        steps += 1
        wake_at = min([step.wake_at, *flying.values()])
        assert wake_at > now or step.start is not None, "it asks again and again at one moment"
        assert steps < STEPS_MOST
        now = wake_at


def _begin(start: Start, script: Sequence[Scripted], flying: dict[int, float], now: float) -> None:
    flying[start.number] = now + _script(script, start.number).latency


def _script(script: Sequence[Scripted], number: int) -> Scripted:
    return script[number] if number < len(script) else HANGS
