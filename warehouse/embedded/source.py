"""The Parquet files that a run works on: found and watched, never changed."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from warehouse.interface import SnapshotError

FILES_MAX = 1_000  # per table: each is opened at the start and listed in the run's state


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file as it was when the run began. `modified_ns`: nanoseconds since 1970."""

    path: str
    size: int
    modified_ns: int


@dataclass(frozen=True, slots=True)
class Source:
    """Both tables of a snapshot."""

    sellers: tuple[SourceFile, ...]
    offers: tuple[SourceFile, ...]

    @property
    def as_of(self) -> datetime:
        """When the newest file was written, UTC."""
        newest = max(file.modified_ns for file in self.sellers + self.offers)
        return datetime.fromtimestamp(newest / 1e9, UTC)


def find_source(directory: Path) -> Source:
    """The files under `directory` as they are now; raises SnapshotError."""
    return Source(
        sellers=_find_table(directory / "sellers"), offers=_find_table(directory / "offers")
    )


def _find_table(directory: Path) -> tuple[SourceFile, ...]:
    try:
        paths = sorted(
            path
            for path in directory.iterdir()
            if path.suffix == ".parquet" and not path.name.startswith(".")  # still being written
        )
        found = tuple(map(_as_it_is, paths))
    except OSError as error:
        raise SnapshotError(
            f"{directory} cannot be read ({error.strerror}): check WAREHOUSE_URL "
            "and that the export has written there"
        ) from error
    if not found:
        raise SnapshotError(f"{directory} holds no *.parquet file: has the export run?")
    if len(found) > FILES_MAX:
        raise SnapshotError(f"{directory} holds {len(found)} files, at most {FILES_MAX} are read")
    return found


def _as_it_is(path: Path) -> SourceFile:
    status = path.stat()
    return SourceFile(path=str(path), size=status.st_size, modified_ns=status.st_mtime_ns)


def check_unchanged(source: Source) -> None:
    """Raise SnapshotError if a file is not the one that the run began with."""
    for file in source.sellers + source.offers:
        now = None
        with suppress(OSError):
            now = _as_it_is(Path(file.path))
        if now != file:
            raise SnapshotError(
                f"{file.path} was changed or removed while it was being read: start a new run, "
                "and have the export write beside the old files and rename at the end"
            )
