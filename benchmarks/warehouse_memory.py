"""Does the embedded warehouse stay flat in memory, and how fast are its ranges read?

    python -m benchmarks.warehouse_memory 100000 1000000

For each size a snapshot of that many sellers with six offers each is generated with DuckDB. One
process then starts a run and looks until it is ready; another reads ranges all over the result.
Peak RSS and CPU seconds are what the kernel has counted for each of them when it ends (wait4);
CPU says more than the clock where others use the same cores.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import duckdb

from warehouse.embedded.warehouse import EmbeddedWarehouse
from warehouse.interface import SnapshotState
from warehouse.opening import open_warehouse

OFFERS_EACH = 6
READS = 60  # per size of range
RUN = "benchmark"

SELLERS = """
SELECT
    's' || lpad((hash(i) % 1000000000000)::VARCHAR, 12, '0') AS seller_id,
    '+7916' || lpad((i % 10000000)::VARCHAR, 7, '0') AS phone,
    CASE WHEN i % 3 > 0 THEN 'seller' || i || '@example.ru' END AS email,
    'Продавец ' || i AS name,
    CASE WHEN i % 2 = 0 THEN 'Москва, улица ' || (i % 500) END AS sale_address,
    TIMESTAMP '2020-01-01' + to_seconds(hash(i) % 100000000) AS first_visit_at
FROM range($sellers) t(i)
"""
OFFERS = """
SELECT
    'o' || i AS offer_id,
    's' || lpad((hash((hash(i) % $sellers)::BIGINT) % 1000000000000)::VARCHAR, 12, '0')
        AS seller_id,
    ['active', 'inactive', 'moderation', 'banned', 'expired', 'removed']
        [(1 + hash(i + 1) % 6)::BIGINT] AS status,
    ['feed', 'form'][(1 + hash(i + 2) % 2)::BIGINT] AS source,
    ['new', 'used', NULL][(1 + hash(i + 3) % 3)::BIGINT] AS condition,
    'Категория ' || (hash(i + 4) % 40) AS category,
    TIMESTAMP '2021-01-01' + to_seconds(hash(i + 5) % 100000000) AS created_at
FROM range($sellers * $each) t(i)
"""


def generate(directory: Path, *, sellers: int) -> None:
    """The snapshot; the same one each time."""
    with closing(duckdb.connect(config={"memory_limit": "1GB", "threads": 2})) as connection:
        for table, query, params in (
            ("sellers", SELLERS, {"sellers": sellers}),
            ("offers", OFFERS, {"sellers": sellers, "each": OFFERS_EACH}),
        ):
            (directory / table).mkdir(parents=True)
            connection.sql(query, params=params).write_parquet(str(directory / table / "0.parquet"))


def aggregate(warehouse: EmbeddedWarehouse) -> dict[str, float]:
    """Follow a run to its end: seconds in all, the longest look."""
    looks = []
    began = time.perf_counter()
    handle = warehouse.start(run=RUN)
    state = SnapshotState.RUNNING
    while state is SnapshotState.RUNNING:
        before = time.perf_counter()
        state = warehouse.look(handle).state
        looks.append(time.perf_counter() - before)
    return {
        "seconds": time.perf_counter() - began,
        "looks": len(looks),
        "longest": max(looks),
    }


def read(warehouse: EmbeddedWarehouse) -> dict[str, float]:
    """Median of reads of 500 and of 2,000 rows, at random places: seconds, and CPU seconds."""
    rows = warehouse.look(RUN).rows or 0
    small, _ = _median_read(warehouse, rows=rows, size=500)
    large, large_cpu = _median_read(warehouse, rows=rows, size=2_000)
    return {"500": small, "2000": large, "2000 cpu": large_cpu}


def _median_read(warehouse: EmbeddedWarehouse, *, rows: int, size: int) -> tuple[float, float]:
    places = random.Random(size)  # noqa: S311 - places, not secrets
    times, cpu = [], []
    for _ in range(READS):
        start = places.randrange(max(1, rows - size))
        before, cpu_before = time.perf_counter(), time.process_time()
        warehouse.read(RUN, start=start, stop=start + size)
        times.append(time.perf_counter() - before)
        cpu.append(time.process_time() - cpu_before)
    return median(times), median(cpu)


PARTS = {"aggregate": aggregate, "read": read}


@dataclass(frozen=True, slots=True)
class Measured:
    """One part: what it told, its peak RSS in MB, its CPU seconds."""

    told: dict[str, float]
    peak: float
    cpu: float


def measure(part: str, directory: Path) -> Measured:
    """Run one part in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.warehouse_memory", "--part", part, str(directory)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)  # noqa: S603 - this file
    assert process.stdout is not None
    with process.stdout as output:
        answer = output.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, command
    return Measured(
        told=json.loads(answer),
        peak=usage.ru_maxrss / 1024,
        cpu=usage.ru_utime + usage.ru_stime,
    )


HEAD = (
    "  sellers aggregate s  CPU s  looks longest s  peak MB"
    "  500 p50 ms  2000 p50 ms  CPU µs/row  reader MB"
)


def row(sellers: int) -> str:
    """One line of the table."""
    with tempfile.TemporaryDirectory(prefix="amonition-") as name:
        directory = Path(name)
        generate(directory / "snapshot", sellers=sellers)
        made = measure("aggregate", directory)
        reading = measure("read", directory)
    return (
        f"{sellers:>9} {made.told['seconds']:>11.1f} {made.cpu:>6.1f} {made.told['looks']:>6}"
        f" {made.told['longest']:>9.1f} {made.peak:>8.0f}"
        f" {reading.told['500'] * 1e3:>11.1f} {reading.told['2000'] * 1e3:>12.1f}"
        f" {reading.told['2000 cpu'] / 2_000 * 1e6:>11.1f} {reading.peak:>10.0f}"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("sizes", nargs="+", help="numbers of sellers")
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part:
        directory = Path(options.sizes[0])
        warehouse = open_warehouse(
            f"duckdb://{directory}/snapshot", token=None, work_dir=directory / "work"
        )
        assert isinstance(warehouse, EmbeddedWarehouse)
        print(json.dumps(PARTS[options.part](warehouse)))
        return
    print(HEAD)
    for size in options.sizes:
        print(row(int(size)), flush=True)


if __name__ == "__main__":
    main()
