import shutil
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
import redis

from amonition.embedded import EmbeddedServerError, provide
from tests.amonition.embedded.users import (
    ELSEWHERE,
    PROVIDE,
    PROVIDE_VALKEY,
    User,
    ask,
    copy_wheels,
    provided,
    running,
    valkey_identity,
)

# The interpreter itself may lie where only root can read, so it changes its user after importing.
AS_ORDINARY_USER = """
import amonition.embedded, json, os, sys
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
"""
REFUSED = """
from pathlib import Path
from amonition.embedded import EmbeddedServerError, provide
try:
    provide({}, local_dir=Path(sys.argv[1]))
except EmbeddedServerError as error:
    environ = {"error": str(error)}
"""


@pytest.mark.parametrize("suffix", ["", "_FILE"])
def test_nothing_is_embedded_where_both_variables_are_set(suffix: str, tmp_path: Path) -> None:
    environ = {f"DATABASE_URL{suffix}": "mine", f"REDIS_URL{suffix}": "mine too"}
    assert provide(environ, local_dir=tmp_path / "local") is None
    assert not (tmp_path / "local").exists()


def test_only_the_unset_server_is_embedded(local_dir: Path) -> None:
    environ = dict(ELSEWHERE)
    servers = provide(environ, local_dir=local_dir)
    assert servers
    assert servers.database_url == environ["DATABASE_URL"] == ELSEWHERE["DATABASE_URL"]
    assert servers.redis_url == environ["REDIS_URL"]
    assert running(local_dir) == ["Valkey"]
    servers.stop()
    assert running(local_dir) == []


def test_second_stop_does_nothing(local_dir: Path, start_user: Callable[..., User]) -> None:
    servers = provide(dict(ELSEWHERE), local_dir=local_dir)
    assert servers
    servers.stop()
    later = start_user(local_dir, script=PROVIDE_VALKEY).environ()
    servers.stop()
    assert valkey_identity(later)


def test_two_directories_have_servers_of_their_own(
    open_directory: Path, stopped: Callable[[Path], Path]
) -> None:
    one, two = stopped(open_directory / "one"), stopped(open_directory / "two")
    with provided(one, **ELSEWHERE) as first, provided(two, **ELSEWHERE) as second:
        assert valkey_identity(first) != valkey_identity(second)


def test_ordinary_user_starts_and_stops_the_servers(
    open_directory: Path, start_user: Callable[..., User]
) -> None:
    open_directory.chmod(0o777)
    wheels = copy_wheels(open_directory / "wheels")
    user = start_user(open_directory, script=AS_ORDINARY_USER + PROVIDE, PYTHONPATH=str(wheels))
    url = user.environ()["DATABASE_URL"]
    assert ask(url, "SELECT 1") == (1,)
    user.leave()
    with pytest.raises(psycopg.OperationalError):
        ask(url, "SELECT 1")


def test_failed_start_shows_the_log(fresh_dir: Path) -> None:
    with provided(fresh_dir):
        pass
    (fresh_dir / "postgresql" / "data" / "postgresql.conf").write_text("no_such_setting = 1")
    with pytest.raises(EmbeddedServerError, match=r"(?s)did not start.*no_such_setting"):
        provide({}, local_dir=fresh_dir)
    assert running(fresh_dir) == []


def test_server_whose_data_was_removed_is_not_mistaken_for_a_new_one(
    open_directory: Path, stopped: Callable[[Path], Path]
) -> None:
    local_dir = stopped(open_directory / ("long" * 50))
    environ = dict(ELSEWHERE)
    servers = provide(environ, local_dir=local_dir)
    assert servers
    with redis.Redis.from_url(environ.pop("REDIS_URL")) as client:
        shutil.rmtree(local_dir / "valkey")
        with pytest.raises(EmbeddedServerError, match="another Valkey answers"):
            provide(environ, local_dir=local_dir)
        shutil.rmtree(local_dir / "valkey")
        servers.stop()
        client.shutdown(nosave=True)


def test_directory_without_write_permission_is_explained(
    open_directory: Path, start_user: Callable[..., User]
) -> None:
    closed = open_directory / "closed"
    closed.mkdir(mode=0o555)
    refused = start_user(closed, script=AS_ORDINARY_USER + REFUSED).environ()
    assert "Permission denied" in refused["error"]
    assert "set LOCAL_DIR" in refused["error"]
