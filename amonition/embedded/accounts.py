"""The OS account PostgreSQL runs as, and commands run as that account."""

import os
import pwd
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from amonition.embedded.errors import EmbeddedServerError

COMMAND_SECONDS = 120  # the longest command, initdb, takes 0.4 s here; disks can be slow
INSTEAD_OF_ROOT = ("postgres", "nobody")  # PostgreSQL refuses to run as root

Account = pwd.struct_passwd | None  # None: whoever we are
Command = Sequence[str | Path]


def postgresql_account() -> Account:
    """Raises EmbeddedServerError where root finds nobody to become."""
    if os.geteuid() != 0:
        return None
    for name in INSTEAD_OF_ROOT:
        with suppress(KeyError):
            return pwd.getpwnam(name)
    raise EmbeddedServerError(
        "PostgreSQL does not run as root, and there is neither a user 'postgres' nor 'nobody':"
        " add one, run as an ordinary user, or set DATABASE_URL"
    )


def owner_id(account: Account) -> int:
    """The user id that files of a server under `account` have to belong to."""
    return account.pw_uid if account else os.geteuid()


def run(
    command: Command,
    *,
    account: Account = None,
    output: int = subprocess.DEVNULL,
    keep: Sequence[int] = (),
) -> int:
    """The exit status. In a session of its own, so that Ctrl-C in our terminal does not reach it.

    Nothing of our environment comes along: PGSERVICE and its like would mislead the programs.
    """
    return subprocess.run(  # noqa: S603 (the commands are this package's own)
        command,
        user=account.pw_uid if account else None,
        group=account.pw_gid if account else None,
        extra_groups=[] if account else None,
        env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        pass_fds=keep,
        start_new_session=True,
        timeout=COMMAND_SECONDS,
        check=False,
    ).returncode


def can_run(program: Path, account: Account) -> bool:
    """Whether the account reaches the program with its libraries (`--version` needs them)."""
    return run(["/bin/sh", "-c", 'exec "$0" --version', program], account=account) == 0


def can_enter(directory: Path, account: Account) -> bool:
    """False for root's PostgreSQL in, say, a checkout below a home directory of mode 0700."""
    return run(["/bin/sh", "-c", 'cd "$0"', directory], account=account) == 0
