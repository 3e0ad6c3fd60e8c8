"""How many companies a second, where amoCRM sets no limit; and the scripts that one would write instead.

    python -m benchmarks.throughput --sellers 40000 --rounds 3

Everything runs against the same emulated amoCRM on the same machine, one after the other: ours
with real workers, `usual_script` (aioamocrm, no protection), `plain_loop` (a sample). `--rounds`
alternate ours and theirs for the hourly push, in which 5 % of the sellers have changed.
"""

import argparse
import json
import sys
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from benchmarks import processor_time
from benchmarks.emulated import Audit
from benchmarks.report import Report, thousands
from benchmarks.world import BASE, BenchmarkError, Push, Setup, World, opened

CHANGED = "changed"
CHANGED_SHARE = 0.05
PLAIN_COMPANIES = 500
CREATED_TARGET = 5_000  # companies/s
UPDATED_TARGET = 8_000
UNCHANGED_TARGET = 30_000
PORTION = 500


@dataclass(frozen=True, slots=True)
class Measured:
    """One push of ours. `processor`: microseconds a seller, by part. `patches`: update requests."""

    push: Push
    transactions: int
    patches: int
    processor: dict[str, float]


@dataclass(slots=True)
class Findings:
    """Seconds of the scripts; ours with all its figures."""

    first: Measured
    full: Measured
    usual_first: float
    plain_first: float
    audit: Audit
    unchanged: list[Measured] = field(default_factory=list)
    hourly: list[Measured] = field(default_factory=list)
    usual_hourly: list[float] = field(default_factory=list)


def measured(world: World, *arguments: str) -> Measured:
    used, transactions = processor_time.used(world), world.transactions()
    updates = world.amocrm.audit().updates
    push = world.push(*arguments)
    after = processor_time.used(world)
    return Measured(
        push=push,
        transactions=world.transactions() - transactions,
        patches=world.amocrm.audit().updates - updates,
        processor={
            part: (after[part] - used[part]) * 1e6 / push.rows for part in processor_time.PARTS
        },
    )


def hourly(world: World) -> Measured:
    """A push that has something to update. Raises BenchmarkError: it would flatter the ratio."""
    found = measured(world)
    if not found.push.updated:
        raise BenchmarkError(f"run {found.push.run_id} had nobody to update")
    return found


def script(world: World, name: str, *arguments: str) -> dict[str, Any]:
    """What a script in the same world says of itself."""
    command = (sys.executable, "-m", f"benchmarks.{name}", *arguments)
    said: dict[str, Any] = json.loads(world.carry_out(*command))
    return said


def measure(*, sellers: int, seed: int, rounds: int) -> Findings:
    with opened(Setup(sellers=sellers, seed=seed)) as world:
        world.write_snapshot(CHANGED, changed=CHANGED_SHARE)
        first = measured(world)
        audit = world.amocrm.audit()
        full = measured(world, "--full")
        unchanged = [measured(world) for _ in range(rounds)]
        usual = script(world, "usual_script", "load")
        plain = script(world, "plain_loop", "--companies", str(PLAIN_COMPANIES))
        findings = Findings(
            first=first,
            full=full,
            usual_first=usual["seconds"],
            plain_first=plain["seconds"] * sellers / plain["written"],
            audit=audit,
            unchanged=unchanged,
        )
        for number in range(rounds):
            world.show(BASE if number % 2 else CHANGED)  # the same 5 %, there and back
            findings.hourly.append(hourly(world))
            findings.usual_hourly.append(script(world, "usual_script", "hourly")["seconds"])
        return findings


def speeds(found: Findings) -> list[tuple[object, ...]]:
    """Sellers a second; of several rounds the best and the median."""
    rows: list[tuple[object, ...]] = []
    hourly_target = "5x the script"
    for name, runs, target in (
        ("first load", [found.first], thousands(CREATED_TARGET)),
        ("everybody updated", [found.full], thousands(UPDATED_TARGET)),
        ("unchanged", found.unchanged, thousands(UNCHANGED_TARGET)),
        ("hourly, 5 % changed", found.hourly, hourly_target),
    ):
        writing = [each.push.rows / each.push.writing for each in runs]
        whole = [each.push.rows / each.push.whole for each in runs]
        processor = [median(each.processor[part] for each in runs) for part in processor_time.PARTS]
        rows.append(
            (
                name,
                thousands(max(writing)),
                thousands(median(writing)),
                thousands(median(whole)),
                target,
                *(f"{each:.0f}" for each in processor),
            )
        )
    return rows


def comparisons(found: Findings, *, sellers: int) -> list[tuple[object, ...]]:
    pairs = zip(found.usual_hourly, found.hourly, strict=True)
    ratios = sorted(theirs / ours.push.whole for theirs, ours in pairs)
    ours = found.first.push.whole
    first = found.usual_first / ours
    hourly = median(each.push.whole for each in found.hourly)
    return [
        ("first load, s", f"{ours:.1f}", f"{found.usual_first:.1f}", f"{first:.2f}", ">= 1"),
        (
            "hourly push, s (median)",
            f"{hourly:.1f}",
            f"{median(found.usual_hourly):.1f}",
            f"{median(ratios):.1f} ({ratios[0]:.1f} to {ratios[-1]:.1f})",
            ">= 5",
        ),
        (
            "first load by a plain loop, s",
            f"{ours:.1f}",
            f"{found.plain_first:.0f}, extrapolated from {PLAIN_COMPANIES} of {sellers}",
            f"{found.plain_first / ours:.0f}",
            "",
        ),
    ]


def counts(found: Findings) -> list[tuple[object, ...]]:
    hourly = found.hourly[0]
    changed = hourly.push.updated
    return [
        ("duplicates after the first load", found.audit.companies - found.audit.sellers, 0),
        (
            f"requests for {changed} changed sellers",
            f"{hourly.patches} ({hourly.patches / changed:.5f} each)",
            f"{1 / 250:.5f} each",
        ),
        (
            "transactions per 500 unchanged, everything counted",
            f"{median(each.transactions / each.push.rows * PORTION for each in found.unchanged):.2f}",
            "",
        ),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sellers", type=int, default=40_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    report = Report("Throughput", pumps=2, sellers_a_write=250, **vars(given))
    found = measure(sellers=given.sellers, seed=given.seed, rounds=given.rounds)
    parts = (f"µs of {part}" for part in processor_time.PARTS)
    report.table(
        ("sellers a second", "best", "median", "with snapshot", "target", *parts), speeds(found)
    )
    report.table(
        ("whole runs", "ours", "script", "ratio", "target"),
        comparisons(found, sellers=given.sellers),
    )
    report.table(("counts", "measured", "floor"), counts(found))


if __name__ == "__main__":
    main()
