"""A first load into an amoCRM that takes 7 requests/s: how near to what is possible?

    python -m benchmarks.first_load --sellers 20000
    python -m benchmarks.first_load --sellers 100000 --hogs 2

Four sending processes, writes of 250. The emulated amoCRM refuses the eighth request of any
second and answers after `--latency-ms`; arrivals are the kernel's times. The floor is what 7
requests/s allow: sellers / 250 / 7 seconds. `--hogs` burn CPU beside it all.
"""

import argparse
import math
from dataclasses import dataclass

from benchmarks.emulated import Arrivals, Audit
from benchmarks.report import Report, thousands
from benchmarks.world import Push, Setup, opened

RATE = 7
WRITE_SIZE = 250
PROCESSES = 4
SPARE_SECONDS = 10.0  # a run may take so much longer than its writes: the snapshot, the plan
UTILISATION = 0.98


@dataclass(frozen=True, slots=True)
class Loaded:
    push: Push
    audit: Audit


def load(*, sellers: int, seed: int, latency_ms: int, hogs: int, refusing: bool) -> Loaded:
    """One first load. `refusing`: amoCRM answers 429 to what comes too early; else it only judges."""
    setup = Setup(sellers=sellers, seed=seed, pumps=PROCESSES, rate=RATE)
    with opened(setup) as world:
        world.amocrm.set(rate_limit=RATE if refusing else None, latency_ms=latency_ms)
        world.burn(hogs)
        return Loaded(world.push(), world.amocrm.audit())


def floor_of(sellers: int) -> float:
    """Seconds that the writes take at the least."""
    return math.ceil(sellers / WRITE_SIZE) / RATE


def rows_of(loaded: Loaded, *, sellers: int) -> list[tuple[object, ...]]:
    push, audit = loaded.push, loaded.audit
    floor = floor_of(sellers)
    return [
        ("companies created", thousands(push.created), thousands(sellers), ""),
        ("duplicates", audit.companies - audit.sellers, 0, 0),
        ("writes", audit.creates, math.ceil(sellers / WRITE_SIZE), ""),
        ("requests in all", audit.requests, "", ""),
        ("refused for their pace (429)", audit.rate_violations, 0, 0),
        *_arrivals("writes", audit.writes),
        *_arrivals("all requests", audit.all),
        ("writing, s", f"{push.writing:.1f}", f"{floor:.1f}", f"{floor / UTILISATION:.1f}"),
        ("whole run, s", f"{push.whole:.1f}", f"{floor:.1f}", f"{floor + SPARE_SECONDS:.1f}"),
    ]


def _arrivals(what: str, seen: Arrivals) -> list[tuple[object, ...]]:
    used = "" if seen.utilisation is None else f"{100 * seen.utilisation:.2f}"
    return [
        (f"{what}: utilisation, %", used, "100", f"{100 * UTILISATION:.0f}"),
        (f"{what}: 8 within a second", seen.violations, 0, 0),
        (f"{what}: least span of 8, ms", seen.least_span_of_8 or "", 1000, 1000),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sellers", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--latency-ms", type=int, default=350)
    parser.add_argument("--hogs", type=int, default=0)
    parser.add_argument("--judge-only", action="store_true", help="no 429, only the judge")
    given = parser.parse_args()
    report = Report("First load", processes=PROCESSES, **vars(given))
    loaded = load(
        sellers=given.sellers,
        seed=given.seed,
        latency_ms=given.latency_ms,
        hogs=given.hogs,
        refusing=not given.judge_only,
    )
    report.table(("", "measured", "floor", "target"), rows_of(loaded, sellers=given.sellers))


if __name__ == "__main__":
    main()
