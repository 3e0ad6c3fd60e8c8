"""One bounded piece of work on a run: what a look does while the snapshot is not ready."""

from contextlib import closing
from dataclasses import dataclass
from shutil import rmtree

import duckdb

from warehouse.embedded.columns import check_readable, short
from warehouse.embedded.connections import open_aggregator
from warehouse.embedded.progress import Progress, RunDirectory
from warehouse.embedded.slices import add_slice, choose_cuts, open_tables, split_slice
from warehouse.embedded.source import check_unchanged
from warehouse.interface import SnapshotError, WarehouseError


@dataclass(frozen=True, slots=True)
class Resources:
    """What one piece of work may take. `rows_per_slice`: sellers and offers together."""

    memory_limit: str
    threads: int
    rows_per_slice: int

    def connect(self, directory: RunDirectory) -> duckdb.DuckDBPyConnection:
        """A connection that spills into the run's directory."""
        return open_aggregator(
            memory_limit=self.memory_limit, threads=self.threads, spill=directory.spill
        )


def advance(directory: RunDirectory, resources: Resources, *, version: str) -> Progress:
    """Do the next piece and save how far the run is. The caller holds the lock."""
    progress = directory.load()  # now: what the caller read before it had the lock may be old
    if progress.ready:
        return progress
    if progress.version != version:  # deployed in between: no mixed results
        progress = Progress(version=version, source=progress.source)
    try:
        done = _next(directory, progress, resources)
        check_unchanged(progress.source)  # afterwards: nothing may change while it is being read
        directory.save(done)
    except (duckdb.Error, OSError) as error:
        raise _explained(error, directory, progress, resources) from error
    return done


def _next(directory: RunDirectory, progress: Progress, resources: Resources) -> Progress:
    rmtree(directory.spill, ignore_errors=True)  # what a killed process left
    with closing(resources.connect(directory)) as connection:
        open_tables(connection, progress.source)
        if progress.cuts is None:
            progress = choose_cuts(connection, progress, rows_per_slice=resources.rows_per_slice)
            if progress.cuts:
                return progress
        try:  # one slice: opening DuckDB again would take as long as a tenth of the work
            return add_slice(connection, progress, directory)
        except duckdb.OutOfMemoryException as error:
            too_large = error
    with closing(resources.connect(directory)) as connection:
        open_tables(connection, progress.source)
        smaller = split_slice(connection, progress)
    if smaller is None:
        raise too_large
    return smaller


def _explained(
    error: duckdb.Error | OSError,
    directory: RunDirectory,
    progress: Progress,
    resources: Resources,
) -> WarehouseError:
    """Whose fault it is: the run's (discarded), the data's, or this machine's."""
    if not directory.exists():
        return SnapshotError(f"{directory.root} was discarded while it was being computed")
    if isinstance(error, duckdb.Error):
        check_unchanged(progress.source)
        with closing(resources.connect(directory)) as connection:
            check_readable(connection, progress.source)
    return WarehouseError(
        f"the aggregate in {directory.root} cannot go on ({short(error)}): make room on the "
        f"disk, or allow more memory than {resources.memory_limit}; finished slices are kept"
    )
