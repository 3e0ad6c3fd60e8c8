"""The Warehouse over a directory of Parquet files."""

from dataclasses import dataclass
from pathlib import Path

from warehouse.embedded.advancing import Resources, advance
from warehouse.embedded.columns import check_columns
from warehouse.embedded.connections import reader
from warehouse.embedded.progress import Progress, RunDirectory
from warehouse.embedded.query import VERSION
from warehouse.embedded.records import Record, read_records
from warehouse.embedded.source import find_source
from warehouse.interface import (
    READ_ROWS_MAX,
    Snapshot,
    SnapshotFacts,
    SnapshotState,
    WarehouseError,
)

MEMORY_LIMIT = "208MB"  # of DuckDB; the process takes about 80 MB more
THREADS = 2
ROWS_PER_SLICE = 350_000  # sellers and offers: under a second of work, and within the memory


@dataclass(frozen=True, slots=True)
class EmbeddedWarehouse:
    """Works where it is called: each look at a running snapshot aggregates one slice.

    `directory` holds sellers/*.parquet and offers/*.parquet; everything made goes to `work_dir`.
    The handle is the run's name.
    """

    directory: Path
    work_dir: Path
    memory_limit: str = MEMORY_LIMIT
    threads: int = THREADS
    rows_per_slice: int = ROWS_PER_SLICE
    version: str = VERSION

    def start(self, *, run: str) -> str:
        """See Warehouse. Checks the files, computes nothing."""
        directory = RunDirectory(self.work_dir, run)
        if not directory.exists():
            source = find_source(self.directory)
            check_columns(reader(), source)
            try:
                directory.create(Progress(version=self.version, source=source))
            except OSError as error:
                raise WarehouseError(f"{self.work_dir} cannot be written ({error})") from error
        return run

    def look(self, handle: str) -> Snapshot:
        """See Warehouse. While another process works on the run this one only tells how far."""
        directory = RunDirectory(self.work_dir, handle)
        progress = directory.load()
        if not progress.ready:
            with directory.lock() as mine:
                if mine:
                    progress = advance(directory, self._resources, version=self.version)
        return Snapshot(
            handle=handle,
            state=SnapshotState.READY if progress.ready else SnapshotState.RUNNING,
            progress=progress.share,
            rows=sum(progress.parts) if progress.ready else None,
            as_of=progress.source.as_of,
        )

    def read(self, handle: str, *, start: int, stop: int) -> list[Record]:
        """See Warehouse."""
        if not 0 <= start <= stop <= start + READ_ROWS_MAX:
            raise ValueError(f"not a range of at most {READ_ROWS_MAX} rows: [{start}, {stop})")
        directory = RunDirectory(self.work_dir, handle)
        return read_records(directory, self._finished(directory), start=start, stop=stop)

    def facts(self, handle: str) -> SnapshotFacts:
        """See Warehouse."""
        return self._finished(RunDirectory(self.work_dir, handle)).facts

    def discard(self, handle: str) -> None:
        """See Warehouse."""
        RunDirectory(self.work_dir, handle).discard()

    def _finished(self, directory: RunDirectory) -> Progress:
        progress = directory.load()
        if not progress.ready:
            raise WarehouseError(f"{directory.root} is not ready yet: look at it until it is")
        return progress

    @property
    def _resources(self) -> Resources:
        return Resources(
            memory_limit=self.memory_limit,
            threads=self.threads,
            rows_per_slice=self.rows_per_slice,
        )
