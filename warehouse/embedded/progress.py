"""A run's directory: one state file, one Parquet file per finished slice.

Whatever is named here is whole. Files are written under another name, flushed and renamed, a slice
before the state that counts it; so a killed process costs the slice it was in, nothing else.
"""

import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from uuid import uuid4

import orjson

from warehouse.embedded.source import Source, SourceFile
from warehouse.interface import SnapshotError, SnapshotFacts

RUN = re.compile(r"[A-Za-z0-9_-]{1,64}")  # becomes a directory's name
DISCARDED = ".discarded-"

NO_FACTS = SnapshotFacts(
    sellers=0,
    offers=0,
    statuses={},
    categories=(),
    duplicate_sellers=0,
    sellers_without_id=0,
    sellers_without_offers=0,
    orphan_offers=0,
    offers_without_seller_id=0,
)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is.

    `cuts`: the seller ids between the slices, None until they are chosen.
    `parts`: the number of rows of each finished slice. `facts`: of the finished slices.
    """

    version: str
    source: Source
    cuts: tuple[str, ...] | None = None
    parts: tuple[int, ...] = ()
    facts: SnapshotFacts = NO_FACTS

    @property
    def ready(self) -> bool:
        """Every slice is finished."""
        return self.cuts is not None and len(self.parts) == len(self.cuts) + 1

    @property
    def share(self) -> float:
        """Of the work that is done, from 0 to 1; choosing the cuts counts as one slice."""
        return 0.0 if self.cuts is None else (len(self.parts) + 1) / (len(self.cuts) + 2)


class RunDirectory:
    """The files of one run under `work_dir`."""

    def __init__(self, work_dir: Path, run: str) -> None:
        if not RUN.fullmatch(run):
            raise ValueError(f"not the name of a run: {run!r}")
        self.root = work_dir / run
        self.spill = self.root / "spill"
        self._state = self.root / "state.json"

    def part(self, number: int) -> Path:
        """The file of slice `number`."""
        return self.root / f"part-{number:05}.parquet"

    def create(self, progress: Progress) -> None:
        """Write the first state, unless another process was faster."""
        self.root.mkdir(parents=True, exist_ok=True)
        draft = self.root / f"state-{uuid4().hex}.json"
        draft.write_bytes(orjson.dumps(progress))
        _flush(draft)
        with suppress(FileExistsError):
            os.link(draft, self._state)
        draft.unlink()

    def exists(self) -> bool:
        """A run was started here and not discarded."""
        return self._state.exists()

    def load(self) -> Progress:
        """The latest state; raises SnapshotError when there is none."""
        try:
            status = self._state.stat()
            return _parse(self._state, status.st_mtime_ns, status.st_ino)
        except FileNotFoundError as error:
            raise SnapshotError(
                f"there is no snapshot in {self.root}: it was discarded, or made on a machine "
                "with another work directory; start a new run"
            ) from error
        except (KeyError, TypeError, ValueError) as error:
            raise SnapshotError(
                f"{self._state} was written by another version: start a new run"
            ) from error

    def save(self, progress: Progress) -> None:
        """Replace the state. Only for the holder of the lock."""
        draft = self.root / "state.draft"
        draft.write_bytes(orjson.dumps(progress))
        publish(draft, self._state)

    @contextmanager
    def lock(self) -> Iterator[bool]:
        """Whether the caller may work on the run now. Ends with the process, however it ends."""
        with ExitStack() as stack:
            try:
                file = stack.enter_context((self.root / "lock").open("wb"))
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except (BlockingIOError, FileNotFoundError):  # at work elsewhere; just discarded
                mine = False
            else:
                mine = True
            yield mine

    def discard(self) -> None:
        """Remove the run at once for all readers, then its files, and leftovers of killed ones."""
        with suppress(FileNotFoundError):
            self.root.rename(self.root.with_name(f"{DISCARDED}{uuid4().hex}"))
        for leftover in self.root.parent.glob(f"{DISCARDED}*"):
            shutil.rmtree(leftover, ignore_errors=True)


def publish(draft: Path, path: Path) -> None:
    """Give a finished file its name: after a power cut too it is there whole or not at all."""
    _flush(draft)
    draft.replace(path)


def _flush(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


@lru_cache(maxsize=8)  # a process reads few runs at a time; each state is some kilobytes
def _parse(path: Path, modified_ns: int, inode: int) -> Progress:  # noqa: ARG001 - cache key
    state = orjson.loads(path.read_bytes())
    cuts = state["cuts"]
    facts = state["facts"]
    return Progress(
        version=state["version"],
        source=Source(
            sellers=tuple(SourceFile(**file) for file in state["source"]["sellers"]),
            offers=tuple(SourceFile(**file) for file in state["source"]["offers"]),
        ),
        cuts=None if cuts is None else tuple(cuts),
        parts=tuple(state["parts"]),
        facts=SnapshotFacts(**{**facts, "categories": tuple(facts["categories"])}),
    )
