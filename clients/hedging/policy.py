"""How long to wait for an answer, and when to ask a second time while waiting."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class HedgePolicy:
    """All in seconds; none of the first four has a default, since no figure suits every service.

    `attempt_timeout`: for one attempt, from its own start to the last byte of its answer.
    `soft_timeout`: after so long without a final answer the next attempt starts beside the others.
    `retries`: attempts besides the first. `max_in_flight`: attempts at the same time.
    `pause`: least and most between a fast failure and the attempt that follows it; without it a
    service that refuses at once burns all attempts in some 30 ms.
    """

    attempt_timeout: float
    soft_timeout: float
    retries: int
    max_in_flight: int
    pause: tuple[float, float] = (0.05, 0.1)

    def __post_init__(self) -> None:
        if not 0 < self.soft_timeout <= self.attempt_timeout:
            raise ValueError("the soft timeout lies between 0 and the attempt's")
        if self.retries < 0 or self.max_in_flight < 1:
            raise ValueError("at least one attempt, in flight too")
        if not 0 <= self.pause[0] <= self.pause[1]:
            raise ValueError("pause: least and most")

    def worst_case(self) -> float:
        """Seconds until a call is over when no attempt is ever answered.

        An attempt starts a soft timeout after the one before it, or when the one that holds its
        place ends: `retries` soft timeouts and one attempt where all may fly together.
        """
        starts = [0.0]
        for number in range(1, self.retries + 1):
            due = starts[-1] + self.soft_timeout
            if number >= self.max_in_flight:
                due = max(due, starts[number - self.max_in_flight] + self.attempt_timeout)
            starts.append(due)
        return starts[-1] + self.attempt_timeout
