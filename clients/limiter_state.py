"""What the limiter shows to operators and to /metrics."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from clients.limiter_tuning import MICROSECONDS
from clients.pacing import Lane


@dataclass(frozen=True, slots=True)
class PaceState:
    """One moment of the limiter; the counters only grow, until the name is unused for a month."""

    open: bool
    blocked: str | None  # why; None while not open: nobody has opened it yet (e.g. flushed)
    frozen_seconds: float  # what is left of a freeze after a 429
    bulk_slowed_seconds: float  # what is left of a slow-down of bulk
    speed: float  # share of the target in force: the climb after a freeze times the ceiling
    ceiling: float  # share of the target that repeated 429s have left us
    slots_ahead: int  # given out, their moment still to come
    granted: Mapping[Lane, int]
    refused: Mapping[Lane, int]
    waited_seconds: Mapping[Lane, float]  # from asking to the slot's moment, granted slots only
    burned: int
    rate_limited: int  # 429s, including those of one event

    @classmethod
    def from_script(cls, answer: Mapping[str, Any]) -> Self:
        """Built from limiter.lua's `operations.state`."""
        counters: Mapping[str, int] = answer["counters"]

        def per_lane(counter: str) -> dict[Lane, int]:
            return {lane: counters.get(f"{counter}:{lane.value}", 0) for lane in Lane}

        return cls(
            open=answer["open"],
            blocked=answer.get("blocked"),
            frozen_seconds=answer["frozen"] / MICROSECONDS,
            bulk_slowed_seconds=answer["bulk_slowed"] / MICROSECONDS,
            speed=answer["speed"] * answer["ceiling"],
            ceiling=answer["ceiling"],
            slots_ahead=answer["ahead"],
            granted=per_lane("granted"),
            refused=per_lane("refused"),
            waited_seconds={lane: us / MICROSECONDS for lane, us in per_lane("waited").items()},
            burned=counters.get("burned", 0),
            rate_limited=counters.get("rate_limited", 0),
        )
