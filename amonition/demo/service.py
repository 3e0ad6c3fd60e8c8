"""The service of a demonstration: set up, started, and operated by its own commands."""

import json
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from amonition import processes
from amonition.demo import emulation, login
from amonition.demo.errors import DemoError
from amonition.demo.scene import CHECKOUT, Scene
from amonition.demo.verdict import Push
from amonition.supervising import Supervisor

PUMPS = 2
SETUP_SECONDS = 120  # for one command; a migration of everything takes some seconds
START_SECONDS = 60
PUSH_SECONDS = 600  # 3,000 sellers take ten; a bigger demonstration may be asked for
TAIL_CHARACTERS = 3000


class Service:
    """Processes and commands, all in the same environment."""

    def __init__(self, *, scene: Scene, environ: Mapping[str, str], supervisor: Supervisor) -> None:
        self._scene = scene
        self._environ = environ
        self._supervisor = supervisor

    def start_emulators(self, *, sellers: int, rate_limit: int) -> None:
        """The emulators, answering, and the snapshot that tells of the same sellers."""
        child = emulation.services(self._scene, sellers=sellers)
        self._supervisor.start(child, environ=self._environ)
        self.set_up(*emulation.snapshot(self._scene, sellers=sellers))
        self._wait_for(emulation.audit_url(self._scene), what="emulators")
        emulation.set_rate_limit(self._scene, rate_limit)

    def set_up(self, *command: str, **environ: str) -> None:
        """Run a command whose output matters only when it fails. Raises DemoError."""
        path = self._scene.logs / "setup.log"
        with path.open("w", encoding="utf-8") as log:
            status = self._supervisor.run(
                command,
                environ={**self._environ, **environ},
                stdout=log,
                stderr=log,
                seconds=SETUP_SECONDS,
            )
        if status:
            said = path.read_text(encoding="utf-8", errors="replace")[-TAIL_CHARACTERS:]
            raise DemoError(f"{' '.join(command)}: код {status}\n{said}")

    def output(self, *command: str, seconds: float = SETUP_SECONDS, quiet: bool = False) -> str:
        """What a command wrote; what it told its operator is in our terminal, unless `quiet`.

        Raises DemoError.
        """
        with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
            status = self._supervisor.run(
                command,
                environ=self._environ,
                stdout=output,
                stderr=output if quiet else None,
                seconds=seconds,
            )
            output.seek(0)
            said = output.read()
        if status:
            raise DemoError(f"{' '.join(command)}: код {status}: {said}")
        return said

    def create_admin(self) -> str:
        """The password."""
        password = login.new_password()
        command = manage("createsuperuser", "--noinput", "--username", login.NAME, "--email", "")
        self.set_up(*command, DJANGO_SUPERUSER_PASSWORD=password)
        return password

    def start(self) -> None:
        """Web, workers and beat, until the web answers."""
        for stage in processes.stages(port=self._scene.port, pumps=PUMPS):
            self._supervisor.start(*stage, environ=self._environ)
        self._wait_for(f"{self._scene.web_url}/health/live", what="web")

    def push(self) -> Push:
        """`manage.py sync_companies`, with its progress in our terminal. Raises DemoError."""
        started = time.monotonic()
        said = self.output(*manage("sync_companies", "--json"), seconds=PUSH_SECONDS)
        record: dict[str, Any] = json.loads(said)
        return Push(
            rows=record["rows"],
            created=record["created"],
            updated=record["updated"],
            unchanged=record["unchanged"],
            seconds=time.monotonic() - started,
            audit=emulation.audit(self._scene),
        )

    def _wait_for(self, url: str, *, what: str) -> None:
        self._supervisor.wait_until(
            lambda: emulation.answers(url), seconds=START_SECONDS, what=f"{what} ({url})"
        )


def manage(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, str(Path(CHECKOUT, "manage.py")), *arguments)
