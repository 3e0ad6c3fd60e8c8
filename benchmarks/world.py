"""The world of a benchmark: what a production machine runs, around emulated services.

PostgreSQL and Valkey keep what they are told (fsync is on: a create waits for the disk). The
emulators are one process, the workers are real Celery workers started as `manage.py up` starts
them, and a run is started by the command that an operator would use.
"""

import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from amonition import ports, processes
from amonition.demo import emulation, scene, stores
from amonition.demo.scene import Scene
from amonition.demo.service import manage
from amonition.embedded import provide
from amonition.supervising import Child, Supervisor
from benchmarks.emulated import Amocrm

UNLIMITED = 100_000  # requests/s: no limit at all for our limiter
PORTS = range(18_100, 19_000, 10)  # not the demonstration's
SETUP_SECONDS = 900  # the snapshot of a million sellers takes minutes
START_SECONDS = 120
PUSH_SECONDS = 3600
PING_SECONDS = 3
BASE = "base"
LEFT_OUT = frozenset({"web", "status-changes"})  # a push needs neither


class BenchmarkError(Exception):
    """A benchmark could not be carried out; the text says what failed."""


@dataclass(frozen=True, slots=True)
class Setup:
    """`rate`: requests/s that amoCRM allows. `pumps`: processes that send. `variables`: further ones."""

    sellers: int
    seed: int = 1
    pumps: int = 2
    rate: float = UNLIMITED
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Push:
    """One run by its row. Seconds: `whole` from the order to the end, `writing` without the snapshot."""

    run_id: int
    rows: int
    created: int
    updated: int
    unchanged: int
    whole: float
    writing: float


class World:
    """Everything is started; what is measured happens through the methods."""

    def __init__(
        self, *, setup: Setup, place: Scene, environ: Mapping[str, str], supervisor: Supervisor
    ) -> None:
        self.setup = setup
        self.place = place
        self.environ = environ
        self.supervisor = supervisor
        self.amocrm = Amocrm(place.emulator_url("amocrm"))

    @property
    def redis_url(self) -> str:
        return self.environ["REDIS_URL"]

    @property
    def database_url(self) -> str:
        return self.environ["DATABASE_URL"]

    def write_snapshot(self, name: str, *, changed: float = 0.0) -> None:
        """A snapshot of the same sellers, a share of them with other figures."""
        directory = self.place.directory / name
        options = ("--sellers", str(self.setup.sellers), "--seed", str(self.setup.seed))
        share = ("--changed", str(changed), "--changed-seed", "2")
        command = (sys.executable, "-m", "emulators.snapshot", *options, *share, str(directory))
        self.carry_out(*command)

    def show(self, name: str) -> None:
        """What the next run finds in the warehouse: as new as an export that has just ended.

        Data older than what is confirmed would not be written.
        """
        shown = self.place.directory / name
        for file in shown.glob("*/*.parquet"):
            file.touch()
        link = self.place.directory / "next"
        link.symlink_to(shown)
        link.replace(self.place.snapshot)

    def start_workers(self) -> None:
        """The workers and beat, which keeps the watchdog's time."""
        stages = processes.stages(port=self.place.port, pumps=self.setup.pumps)
        for stage in stages:
            self.supervisor.start(
                *(child for child in stage if child.name not in LEFT_OUT), environ=self.environ
            )
        self.supervisor.wait_until(self._workers_answer, seconds=START_SECONDS, what="workers")

    def burn(self, processes: int) -> None:
        """So many processes that only burn CPU, until the world ends."""
        hogs = [
            Child(f"hog-{number}", (sys.executable, "-c", "while True: pass"))
            for number in range(processes)
        ]
        self.supervisor.start(*hogs, environ=self.environ)

    def push(self, *arguments: str) -> Push:
        """`manage.py sync_companies`, to its end. Raises BenchmarkError where it is not done."""
        output = self.carry_out(
            *manage("sync_companies", "--json", *arguments), seconds=PUSH_SECONDS
        )
        record: dict[str, Any] = json.loads(output)
        whole, writing = self._seconds(record["run"])
        return Push(
            run_id=record["run"],
            rows=record["rows"],
            created=record["created"],
            updated=record["updated"],
            unchanged=record["unchanged"],
            whole=whole,
            writing=writing,
        )

    def carry_out(self, *command: str, seconds: float = SETUP_SECONDS) -> str:
        """What a command prints. Raises BenchmarkError."""
        with (
            tempfile.TemporaryFile("w+", encoding="utf-8") as output,
            tempfile.TemporaryFile("w+", encoding="utf-8") as errors,
        ):
            status = self.supervisor.run(
                command, environ=self.environ, stdout=output, stderr=errors, seconds=seconds
            )
            output.seek(0)
            errors.seek(0)
            if status:
                said = (output.read() + errors.read())[-3000:]
                raise BenchmarkError(f"{' '.join(command)}: status {status}\n{said}")
            return output.read()

    def transactions(self) -> int:
        """Committed ones since the servers' start; in autocommit a statement is a transaction."""
        with psycopg.connect(self.database_url, autocommit=True) as database:
            database.execute("SELECT pg_stat_clear_snapshot()")
            row = database.execute(
                "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
            ).fetchone()
        return int(row[0]) if row else 0

    def _seconds(self, run_id: int) -> tuple[float, float]:
        with psycopg.connect(self.database_url) as database:
            row = database.execute(
                "SELECT extract(epoch FROM finished_at - created_at)::float,"
                " extract(epoch FROM finished_at - planned_at)::float"
                " FROM operations_run WHERE id = %s",
                [run_id],
            ).fetchone()
        if row is None:
            raise BenchmarkError(f"run {run_id} has no row")
        return row[0], row[1]

    def _workers_answer(self) -> bool:
        celery = (sys.executable, "-m", "celery", "--app", "amonition", "--quiet")
        ask = (*celery, "inspect", "ping", "--json", "--timeout", str(PING_SECONDS))
        with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
            self.supervisor.run(ask, environ=self.environ, stdout=output, stderr=output, seconds=60)
            output.seek(0)
            return output.read().count("pong") == 3  # interactive, bulk, maintenance


@contextmanager
def opened(setup: Setup, *, workers: bool = True) -> Iterator[World]:
    """A world of its own; everything in it ends with the block."""
    with tempfile.TemporaryDirectory(prefix="amonition-bench-") as scratch:
        place = _place(Path(scratch))
        with (
            servers(place.directory) as urls,
            Supervisor(cwd=scene.CHECKOUT, logs=place.logs) as supervisor,
        ):
            environ = _environ(place, setup, urls)
            world = World(setup=setup, place=place, environ=environ, supervisor=supervisor)
            with closing(world.amocrm):
                _set_up(world, workers=workers)
                yield world


@contextmanager
def servers(directory: Path) -> Iterator[Mapping[str, str]]:
    """URLs of a pair that is durable; it ends after whoever uses it."""
    urls: dict[str, str] = {}
    servers = provide(urls, local_dir=directory)
    if servers is None:
        raise BenchmarkError("the servers did not start")
    try:
        yield urls
    finally:
        servers.stop()


def _place(directory: Path) -> Scene:
    first = ports.first_free(PORTS, count=len(scene.EMULATORS) + 1)
    if first is None:
        raise BenchmarkError(f"no free ports from {PORTS.start} on")
    return Scene(directory, first + len(scene.EMULATORS), first)


def _environ(place: Scene, setup: Setup, urls: Mapping[str, str]) -> dict[str, str]:
    return {
        **scene.environment(place, database_url=urls["DATABASE_URL"], redis_url=urls["REDIS_URL"]),
        "AMOCRM_RATE": str(setup.rate),
        "SYNC_PUMPS": str(setup.pumps),
        "DJANGO_SETTINGS_MODULE": "amonition.settings",
        "PYTHONPATH": os.pathsep.join([str(scene.CHECKOUT), os.environ.get("PYTHONPATH", "")]),
        **setup.variables,
    }


def _set_up(world: World, *, workers: bool) -> None:
    emulators = emulation.services(world.place, sellers=world.setup.sellers)
    world.supervisor.start(emulators, environ=world.environ)
    world.write_snapshot(BASE)
    world.show(BASE)
    world.supervisor.wait_until(
        lambda: emulation.answers(emulation.audit_url(world.place)),
        seconds=START_SECONDS,
        what="emulators",
    )
    world.carry_out(*manage("migrate", "--noinput"))
    stores.switch_schedule_off(world.database_url)
    if workers:
        world.start_workers()
