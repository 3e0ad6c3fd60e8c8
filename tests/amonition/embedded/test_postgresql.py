import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from amonition.embedded import throw_away
from amonition.embedded.places import SHORT_DIRECTORY
from tests.amonition.embedded.users import (
    User,
    ask,
    daemons,
    identity,
    provided,
    running,
)

CLUSTER = "SELECT system_identifier FROM pg_control_system()"  # another one after each initdb


def test_letters_are_unicode_whatever_the_environment_says(
    fresh_dir: Path, start_user: Callable[..., User]
) -> None:
    url = start_user(fresh_dir, LC_ALL="C", PGSERVICE="nowhere").environ()["DATABASE_URL"]
    found = ask(url, "SELECT upper('привет'), 'ПРИВЕТ' ILIKE 'привет', lower('ЁЖ')")
    assert found == ("ПРИВЕТ", True, "ёж")


def test_settings_are_those_of_a_durable_server(local_dir: Path) -> None:
    with provided(local_dir) as environ:
        found = ask(
            environ["DATABASE_URL"],
            "SELECT array_agg(setting ORDER BY name) FROM pg_settings WHERE name IN"
            " ('fsync', 'jit', 'listen_addresses', 'max_connections', 'TimeZone')",
        )
    assert found == (["UTC", "on", "off", "", "200"],)


def test_data_survives_a_restart(local_dir: Path) -> None:
    with provided(local_dir) as environ:
        before = ask(environ["DATABASE_URL"], CLUSTER)
    with provided(local_dir) as environ:
        assert ask(environ["DATABASE_URL"], CLUSTER) == before


@pytest.mark.parametrize("name", ["каталог, с 'пробелами' и \"кавычками\" @100%", "long" * 50])
def test_any_path_will_do(name: str, open_directory: Path, stopped: Callable[[Path], Path]) -> None:
    with provided(stopped(open_directory / name)) as environ:
        assert ask(environ["DATABASE_URL"], "SELECT 1") == (1,)
        assert f"host={SHORT_DIRECTORY}/amonition-" in environ["DATABASE_URL"]


def test_stale_pid_files_are_not_believed(
    local_dir: Path, open_directory: Path, stopped: Callable[[Path], Path]
) -> None:
    elsewhere = stopped(open_directory / "elsewhere")
    with provided(local_dir):
        pass
    with provided(elsewhere) as others:
        for daemon, other in zip(daemons(local_dir), daemons(elsewhere), strict=True):
            shutil.copy2(other.pid_file, daemon.pid_file)
        with provided(local_dir) as environ:
            assert set(identity(environ)).isdisjoint(identity(others))
        assert running(elsewhere) == ["PostgreSQL", "Valkey"]


def test_port_in_the_environment_changes_nothing(
    local_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPORT", "1")
    with provided(local_dir) as environ:
        assert ask(environ["DATABASE_URL"], "SELECT 1") == (1,)


def test_half_made_data_is_made_again(fresh_dir: Path) -> None:
    unfinished = fresh_dir / "postgresql" / "unfinished-by-a-killed-process"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18")
    with provided(fresh_dir) as environ:
        assert ask(environ["DATABASE_URL"], "SELECT 1") == (1,)
    assert not unfinished.exists()


def test_directory_closed_to_the_servers_account_stays_closed(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    local_dir = tmp_path / "local"
    servers = throw_away(local_dir)
    assert ask(servers.database_url, "SELECT 1") == (1,)
    outside = [
        path for daemon in daemons(next(local_dir.glob("test-*"))) for path in daemon.outside
    ]
    servers.stop()
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700
    assert [path for path in outside if path.exists()] == []


def test_programs_closed_to_the_servers_account_are_copied(
    closed_wheels: Path, local_dir: Path, start_user: Callable[..., User]
) -> None:
    user = start_user(local_dir, PYTHONPATH=str(closed_wheels))
    assert ask(user.environ()["DATABASE_URL"], "SELECT 1") == (1,)
    user.leave()
    assert running(local_dir) == []
    assert stat.S_IMODE(closed_wheels.parent.stat().st_mode) == 0o700
