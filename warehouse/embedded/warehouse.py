"""The Warehouse over a directory of Parquet files."""

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree

import duckdb

from warehouse.embedded.columns import check_columns, check_readable, short
from warehouse.embedded.connections import open_aggregator
from warehouse.embedded.progress import Progress, RunDirectory
from warehouse.embedded.query import VERSION
from warehouse.embedded.records import read_rows
from warehouse.embedded.slices import add_slice, choose_cuts, open_tables
from warehouse.embedded.source import check_unchanged, find_source
from warehouse.interface import (
    READ_ROWS_MAX,
    SellerRow,
    Snapshot,
    SnapshotError,
    SnapshotFacts,
    SnapshotState,
    WarehouseError,
)

MEMORY_LIMIT = "256MB"  # of DuckDB; the process takes about 80 MB more
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
            with closing(self._connect(directory)) as connection:
                check_columns(connection, source)
            directory.create(Progress(version=self.version, source=source))
        return run

    def look(self, handle: str) -> Snapshot:
        """See Warehouse. While another process works on the run this one only tells how far."""
        directory = RunDirectory(self.work_dir, handle)
        progress = directory.load()
        if not progress.ready:
            with directory.lock() as mine:
                progress = self._advance(directory) if mine else progress
        return Snapshot(
            handle=handle,
            state=SnapshotState.READY if progress.ready else SnapshotState.RUNNING,
            progress=progress.share,
            rows=sum(progress.parts) if progress.ready else None,
            as_of=progress.source.as_of,
        )

    def read(self, handle: str, *, start: int, stop: int) -> list[SellerRow]:
        """See Warehouse."""
        if not 0 <= start <= stop <= start + READ_ROWS_MAX:
            raise ValueError(f"not a range of at most {READ_ROWS_MAX} rows: [{start}, {stop})")
        directory = RunDirectory(self.work_dir, handle)
        return read_rows(directory, self._finished(directory), start=start, stop=stop)

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

    def _connect(self, directory: RunDirectory) -> duckdb.DuckDBPyConnection:
        return open_aggregator(
            memory_limit=self.memory_limit, threads=self.threads, spill=directory.spill
        )

    def _advance(self, directory: RunDirectory) -> Progress:
        """One piece of work, saved. The caller holds the lock."""
        progress = directory.load()  # again: the one read before the lock may be old
        if progress.ready:
            return progress
        if progress.version != self.version:  # deployed in between: no mixed results
            progress = Progress(version=self.version, source=progress.source)
        try:
            progress = self._next(directory, progress)
            directory.save(progress)
        except (duckdb.Error, OSError) as error:
            raise self._explained(error, directory, progress) from error
        return progress

    def _next(self, directory: RunDirectory, progress: Progress) -> Progress:
        rmtree(directory.spill, ignore_errors=True)  # what a killed process left
        check_unchanged(progress.source)
        with closing(self._connect(directory)) as connection:
            open_tables(connection, progress.source)
            if progress.cuts is None:
                done = choose_cuts(connection, progress, rows_per_slice=self.rows_per_slice)
            else:
                done = add_slice(connection, progress, directory)
        check_unchanged(progress.source)
        return done

    def _explained(
        self, error: duckdb.Error | OSError, directory: RunDirectory, progress: Progress
    ) -> WarehouseError:
        """Whose fault it is: the run's (discarded), the data's, or this machine's."""
        if not directory.exists():
            return SnapshotError(f"{directory.root} was discarded while it was being computed")
        if isinstance(error, duckdb.Error):
            check_unchanged(progress.source)
            with closing(self._connect(directory)) as connection:
                check_readable(connection, progress.source)
        return WarehouseError(
            f"the aggregate in {directory.root} cannot go on ({short(error)}): make room on the "
            f"disk, or allow more memory than {self.memory_limit}; finished slices are kept"
        )
