"""limiter.lua from Python: keys, arguments, and its answers as types."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from typing import Any

import redis
from redis.exceptions import NoScriptError, RedisError

from clients.limiter_clock import Offset, ServerClock
from clients.limiter_tuning import MICROSECONDS, Tuning, microseconds
from clients.pacing import Lane, PaceUnavailableError

SOURCE = resources.files("clients").joinpath("limiter.lua").read_text(encoding="utf-8")
REASON_MOST = 500  # characters of a service's text kept as the reason of a block
DIGEST = hashlib.sha1(SOURCE.encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True)
class Granted:
    """A slot at `moment`, microseconds of the server's clock: on ours between the two bounds."""

    moment: int
    earliest: float
    latest: float


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing yet: ask again in `seconds`, which is within the caller's patience."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing within the caller's patience: there may be something in `seconds`."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Closed:
    """No lane gets anything. `reason`: of the block, None when nobody has opened the limiter."""

    reason: str | None


class LimiterScript:
    """Every method is one atomic call; raises PaceUnavailableError when Redis does not answer."""

    def __init__(
        self,
        *,
        redis: redis.Redis,
        name: str,
        rate: float,
        tuning: Tuning,
        monotonic: Callable[[], float],
    ) -> None:
        self._redis = redis
        self._keys = [f"pace:{{{name}}}:{part}" for part in ("open", "blocked", "plan", "counters")]
        self._tuning = json.dumps(tuning.for_script(rate))
        self._monotonic = monotonic
        self._clock = ServerClock()

    def reserve(
        self, lane: Lane, *, patience: float, waited: float
    ) -> Granted | Wait | Refused | Closed:
        """Ask for the next slot of `lane`; `waited`: seconds since the caller first asked."""
        answer, offset = self._ask(
            "reserve",
            lane=lane.value,
            patience=microseconds(patience),
            waited=microseconds(waited),
        )
        match answer["status"]:
            case "granted":
                return self._granted(int(answer["moment"]), offset)
            case "wait":
                return Wait(seconds=answer["wait"] / MICROSECONDS)
            case "refused":
                return Refused(seconds=answer["wait"] / MICROSECONDS)
            case _:
                return Closed(reason=answer.get("reason"))

    def burn(self, moment: int) -> None:
        """Count a slot that was not used, and let its time be made up for."""
        self._run("burn", moment=str(moment))

    def slow_down(self, retry_after: float | None, *, jitter: float) -> None:
        """Freeze all lanes. `jitter`: how much longer than our own back-off, as a share of it."""
        told = {} if retry_after is None else {"retry_after": microseconds(retry_after)}
        self._run("slow_down", jitter=jitter, **told)

    def slow_bulk(self, seconds: float) -> None:
        """Give bulk no more than two slots of seven for so long; what was said before is forgotten."""
        self._run("slow_bulk", seconds=microseconds(seconds))

    def close(self, reason: str) -> None:
        """Refuse every lane until `open`."""
        self._run("close", reason=reason[:REASON_MOST])

    def open(self, *, after_seconds: float) -> None:
        """Lift a block; the first slot lies at least `after_seconds` ahead."""
        self._run("open", after=microseconds(after_seconds))

    def ensure_open(self) -> None:
        """Open what is neither open nor blocked."""
        self._run("ensure_open")

    def state(self) -> dict[str, Any]:
        """limiter.lua's `operations.state`, as it comes."""
        return self._run("state")

    @staticmethod
    def _granted(moment: int, offset: Offset) -> Granted:
        seconds = moment / MICROSECONDS
        return Granted(moment=moment, earliest=seconds + offset.least, latest=seconds + offset.most)

    def _ask(self, operation: str, **question: float | str) -> tuple[dict[str, Any], Offset]:
        asked_at = self._monotonic()
        answer = self._run(operation, **question)
        offset = self._clock.observe(
            asked_at=asked_at,
            server_time=int(answer["now"]) / MICROSECONDS,
            answered_at=self._monotonic(),
        )
        return answer, offset

    def _run(self, operation: str, **question: float | str) -> dict[str, Any]:
        arguments = [*self._keys, operation, self._tuning, json.dumps(question)]
        count = len(self._keys)
        try:
            try:
                answer = self._redis.evalsha(DIGEST, count, *arguments, "0")
            except NoScriptError:  # a fresh server: loads the script and says so in one step
                answer = self._redis.eval(SOURCE, count, *arguments, "1")
        except RedisError as error:
            raise PaceUnavailableError(f"the limiter's Redis: {type(error).__name__}") from error
        parsed: dict[str, Any] = json.loads(answer)
        return parsed
