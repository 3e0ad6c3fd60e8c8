"""Where a child's output goes: a file that is bounded, or our own terminal."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

LOG_BYTES = 20 * 1024 * 1024  # then the file starts again; one older file is kept
TAIL_BYTES = 3000  # what a terminal shows of it


class Log:
    """Emptied at its creation; the child's restarts write on. `path` None: the terminal."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        if path:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"")

    @contextmanager
    def opened(self) -> Iterator[IO[str] | None]:
        """A file to be inherited by a child."""
        if self._path is None:
            yield None
            return
        with self._path.open("a", encoding="utf-8") as file:  # appending survives a cut
            yield file

    def cut(self) -> None:
        """Start again where the file has grown too long. The child writes on in the same file."""
        if self._path and self._path.stat().st_size > LOG_BYTES:
            shutil.copyfile(self._path, self._path.with_suffix(".log.1"))
            with self._path.open("r+b") as file:
                file.truncate(0)

    def tail(self) -> str:
        """The file's place and its end, to be shown to the user."""
        if self._path is None:
            return "Its output stands above."
        return f"{self._path}:\n{self._path.read_bytes()[-TAIL_BYTES:].decode(errors='replace')}"
