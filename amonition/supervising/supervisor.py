"""The supervisor: stages of children, started in order, ended in the reverse order."""

import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from amonition.supervising.child_logs import Log
from amonition.supervising.children import Child, RunningChild
from amonition.supervising.ending import end
from amonition.supervising.errors import StopAskedError, SupervisingError
from amonition.supervising.leash import GRACE_SECONDS, Leash
from amonition.supervising.stop_requests import StopRequests

POLL_SECONDS = 0.1  # until a crash or Ctrl-C is noticed


class Supervisor:
    """For a `with` block of the main thread; leaving it ends everything that was started in it.

    `logs`: a directory for the children's output; None: our own terminal.
    `grace`: seconds that children get to end when we are killed ourselves.
    """

    def __init__(self, *, cwd: Path, logs: Path | None, grace: float = GRACE_SECONDS) -> None:
        self._cwd = cwd
        self._logs = logs
        self._grace = grace
        self._stages: list[list[RunningChild]] = []
        self._requests = StopRequests()
        self._leash: Leash | None = None

    def __enter__(self) -> Self:
        self._leash = Leash(grace=self._grace)
        self._requests.watch()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """A request to stop that comes while the children are ending makes it quick."""
        asked = self._requests.count
        try:
            for stage in reversed(self._stages):
                end(stage, in_a_hurry=lambda: self._requests.count > asked)
        finally:
            if self._leash:
                self._leash.release()
            self._requests.unwatch()

    def start(self, *children: Child, environ: Mapping[str, str] | None = None) -> None:
        """A stage: its children are ended together. `environ` None: our own."""

        def launch(command: Sequence[str], output: IO[str] | None) -> subprocess.Popen[bytes]:
            return self._launch(command, environ, output, output)

        stage: list[RunningChild] = []
        self._stages.append(stage)
        for child in children:
            log = Log(self._logs / f"{child.name}.log" if self._logs else None)
            stage.append(RunningChild(child, log=log, launch=launch))

    def wait_until(self, condition: Callable[[], bool], *, seconds: float, what: str) -> None:
        """Look after the children until `condition` holds.

        Raises StopAskedError, ChildFailedError, SupervisingError when `seconds` are over.
        """
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise SupervisingError(f"{what}: not within {seconds:.0f} s")
            self._look()
            time.sleep(POLL_SECONDS)

    def stay(self) -> None:
        """Look after the children until somebody asks to stop. Raises ChildFailedError."""
        while not self._requests.count:
            self._look()
            time.sleep(POLL_SECONDS)

    def run(
        self,
        command: Sequence[str],
        *,
        environ: Mapping[str, str] | None = None,
        stdout: IO[str] | None = None,
        stderr: IO[str] | None = None,
        seconds: float,
    ) -> int:
        """The exit status of a command that comes to its end by itself. Raises as `wait_until`."""
        process = self._launch(command, environ, stdout, stderr)
        try:
            what = " ".join(command)
            self.wait_until(lambda: process.poll() is not None, seconds=seconds, what=what)
        finally:
            process.kill()
            process.wait()
        return process.returncode

    def _look(self) -> None:
        if self._requests.count:
            raise StopAskedError
        for stage in self._stages:
            for running in stage:
                running.look()

    def _launch(
        self,
        command: Sequence[str],
        environ: Mapping[str, str] | None,
        stdout: IO[str] | None,
        stderr: IO[str] | None,
    ) -> subprocess.Popen[bytes]:
        if self._leash is None:
            raise SupervisingError("a supervisor starts nothing outside its with block")
        return subprocess.Popen(  # noqa: S603 - commands of our own
            command,
            cwd=self._cwd,
            env=dict(os.environ if environ is None else environ),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            process_group=self._leash.group,
        )
