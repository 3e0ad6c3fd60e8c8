"""Where an embedded server lives: directories that are ours alone, also outside the checkout."""

import hashlib
import importlib.util
import os
import stat
from pathlib import Path
from urllib.parse import quote

from amonition.embedded.errors import EmbeddedServerError

# A socket's path must fit into 104 bytes on macOS, 108 on Linux.
SOCKET_PATH_BYTES = 100
# Not tempfile.gettempdir(): two shells of one user may differ in TMPDIR, and must find one server.
SHORT_DIRECTORY = Path("/tmp")  # noqa: S108 (claim_directory refuses what is not ours)
# Survives a reboot, and every account can reach it.
REACHABLE_DIRECTORY = Path("/var/tmp")  # noqa: S108 (claim_directory refuses what is not ours)


def outside_name(kind: str, key: Path | str) -> str:
    """A name for shared directories that no other checkout has: made of the full path."""
    return f"amonition-{kind}-{hashlib.sha256(os.fsencode(key)).hexdigest()[:16]}"


def claim_directory(path: Path, *, owner: int, mode: int = 0o700) -> Path:
    """Make the directory, or take it where it is the owner's. Its parents are left as they are."""
    path.mkdir(mode=0o700, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {owner, os.geteuid()}:
        raise EmbeddedServerError(
            f"{path} belongs to user id {found.st_uid} or is a link, and the embedded server needs"
            f" a directory of user id {owner}: run as the user who made it, remove it (its data is"
            " lost), set LOCAL_DIR to another directory, or set DATABASE_URL and REDIS_URL"
        )
    if found.st_uid == os.geteuid():  # else it is not ours to change: its owner could swap it
        path.chmod(mode)
        if owner != os.geteuid():
            os.chown(path, owner, -1)
    return path


def socket_directory(parent: Path, *, longest_name: str, owner: int) -> Path:
    """Below `parent`, or in a short place of plain letters where the path is long or needs quoting.

    URLs, libpq and Celery each quote in a way of their own, and libpq cannot quote a comma.
    """
    place = parent / "socket"
    path = str(place / longest_name)
    if len(path) > SOCKET_PATH_BYTES or quote(path) != path:
        place = SHORT_DIRECTORY / outside_name("socket", parent)
    return claim_directory(place, owner=owner)


def installed_package(name: str) -> Path:
    """The package's directory, found without importing it: imports of such wheels act."""
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedServerError(
            f"the Python package {name} is not installed: install requirements.txt,"
            " or set DATABASE_URL and REDIS_URL"
        )
    return Path(spec.submodule_search_locations[0])
