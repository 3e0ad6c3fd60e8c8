"""A limiter whose time passes as fast as a test likes: instead of waiting, its memory is aged."""

import time
from itertools import pairwise

import redis

from clients.limiter import RedisPace, ReservedSlot
from clients.limiter_tuning import MICROSECONDS, Tuning
from clients.pacing import Lane, NoSlotError

RATE = 7.0
INTERVAL = 145_033  # microseconds: 1/7 s at 98.5 %
LATE = 0.03  # seconds
NEVER_LATE = 60.0  # seconds: a busy machine burns no slot that the test does not burn
WINDOW_SPAN = 7 * INTERVAL  # of eight slots in an even row: 1.0152 s

# ARGV[1]: microseconds that all the limiter remembers becomes older. 0 means never, and stays.
AGE = """
local stored = redis.call('GET', KEYS[1])
if not stored then return end
local plan = cmsgpack.unpack(stored)
local function older(moment) return moment == 0 and 0 or moment - ARGV[1] end
for _, field in ipairs({'seen_at', 'row', 'held_until', 'bulk_until', 'bulk_slow_until',
                        'background_at', 'slowed_at', 'ceiling_until'}) do
  plan[field] = older(plan[field])
end
for _, field in ipairs({'moments', 'left', 'vacant', 'struck', 'bulk_taken'}) do
  for index, moment in ipairs(plan[field]) do plan[field][index] = older(moment) end
end
redis.call('SET', KEYS[1], cmsgpack.pack(plan))
"""


class Hurried:
    """`pace` is what is tested. Moments are microseconds on a clock that jumps with `pass_time`."""

    def __init__(self, server: redis.Redis, *, name: str) -> None:
        self.server = server
        self.name = name
        self.passed = 0  # microseconds
        self.pace = self.another()

    def another(self) -> RedisPace:
        """The same limiter as another process has it."""
        return RedisPace(
            redis=self.server,
            name=self.name,
            rate=RATE,
            tuning=Tuning(tolerance=NEVER_LATE),
            sleep=self.pass_time,
            monotonic=lambda: time.monotonic() + self.passed / MICROSECONDS,
        )

    def key(self, part: str) -> str:
        return f"pace:{{{self.name}}}:{part}"

    def pass_time(self, seconds: float) -> None:
        """So much later, at once."""
        by = round(seconds * MICROSECONDS)
        self.passed += by
        self.server.eval(AGE, 1, self.key("plan"), str(by))

    def now(self) -> int:
        seconds, microseconds = self.server.time()
        return seconds * MICROSECONDS + microseconds + self.passed

    def reserve(self, lane: Lane, *, patience: float = 0) -> int:
        """The moment of the next slot of `lane`."""
        slot = self.pace.reserve(lane, patience=patience)
        assert isinstance(slot, ReservedSlot)
        return slot.moment + self.passed

    def reserve_if_any(self, lane: Lane) -> int | None:
        try:
            return self.reserve(lane)
        except NoSlotError:
            return None

    def burn(self, moment: int) -> None:
        """What a sender does with a slot that it cannot use."""
        self.pace.burn(ReservedSlot(at=0, late_after=0, moment=moment - self.passed))

    def burn_late(self, moment: int) -> None:
        """The same, by a sender that woke up `LATE` seconds behind the moment."""
        self.pass_time(max(0.0, (moment - self.now()) / MICROSECONDS + LATE))
        self.burn(moment)


def shortest_window(moments: list[int]) -> int:
    """The shortest span of eight slots in a row, microseconds; judged as the strictest service."""
    row = sorted(moments)
    return min((last - first for first, last in zip(row, row[7:], strict=False)), default=10**9)


def steps(moments: list[int]) -> list[int]:
    """From each slot to the next, microseconds."""
    row = sorted(moments)
    return [later - earlier for earlier, later in pairwise(row)]
