"""A pace that hands out the slots a test wants, and remembers what it was told."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from clients.pacing import Lane, PacingError, Slot


def now() -> Slot:
    """A slot at once that is never late."""
    return Slot(at=time.monotonic(), late_after=math.inf)


def missed() -> Slot:
    """A slot whose moment is over."""
    return Slot(at=time.monotonic() - 1, late_after=time.monotonic() - 0.5)


def ahead(seconds: float, *, tolerance: float = 5.0) -> Callable[[], Slot]:
    """A slot in the future."""

    def slot() -> Slot:
        at = time.monotonic() + seconds
        return Slot(at=at, late_after=at + tolerance)

    return slot


@dataclass
class RecordingPace:
    """Gives the slots in turn, then such that are at once. An error in their place is raised."""

    slots: list[Callable[[], Slot] | PacingError] = field(default_factory=list)
    on_reserve: Callable[[], object] = lambda: None
    reserved: list[Slot] = field(default_factory=list)
    lanes: list[Lane] = field(default_factory=list)
    patiences: list[float] = field(default_factory=list)
    burned: list[Slot] = field(default_factory=list)
    slowed: list[float | None] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)

    def reserve(self, lane: Lane, *, patience: float) -> Slot:
        self.lanes.append(lane)
        self.on_reserve()
        self.patiences.append(patience)
        following = self.slots.pop(0) if self.slots else now
        if isinstance(following, PacingError):
            raise following
        slot = following()
        self.reserved.append(slot)
        return slot

    def burn(self, slot: Slot) -> None:
        self.burned.append(slot)

    def slow_down(self, retry_after: float | None) -> None:
        self.slowed.append(retry_after)

    def close(self, reason: str) -> None:
        self.closed.append(reason)
