import os
import signal
from collections.abc import Callable
from pathlib import Path

from tests.amonition.embedded.users import (
    ELSEWHERE,
    PROVIDE_VALKEY,
    User,
    ask,
    daemons,
    identity,
    process_id,
    provided,
    running,
    used,
    valkey_identity,
)
from tests.waiting import wait_until

BOTH = ["PostgreSQL", "Valkey"]
FORK_A_CHILD_THAT_EXITS = """
if os.fork() == 0:
    servers.stop()
    sys.exit()
os.wait()
"""
FORK_A_CHILD_THAT_STAYS = """
import signal
child = os.fork()
if child == 0:
    os.close(1)
    os.setsid()
    signal.alarm(60)
    signal.pause()
environ["CHILD"] = str(child)
"""

StartUser = Callable[..., User]


def test_last_user_turns_off_the_light(local_dir: Path, start_user: StartUser) -> None:
    one = start_user(local_dir)
    first = identity(one.environ())
    two = start_user(local_dir)
    assert identity(two.environ()) == first
    one.leave()
    assert running(local_dir) == BOTH
    two.leave()
    assert running(local_dir) == []


def test_users_that_come_together_get_one_server(fresh_dir: Path, start_user: StartUser) -> None:
    users = [start_user(fresh_dir) for _ in range(4)]
    assert len({identity(user.environ()) for user in users}) == 1


def test_killed_users_servers_are_taken_over(local_dir: Path, start_user: StartUser) -> None:
    starter = start_user(local_dir)
    left_behind = identity(starter.environ())
    starter.kill()
    assert running(local_dir) == BOTH
    with provided(local_dir) as environ:
        assert identity(environ) == left_behind
    assert running(local_dir) == []


def test_user_interrupted_while_starting_leaves_nothing_running(
    local_dir: Path, start_user: StartUser
) -> None:
    starter = start_user(local_dir)
    wait_until(lambda: running(local_dir) != [], seconds=30, what="a server is launched")
    starter.interrupt()
    assert running(local_dir) == []


def test_user_killed_while_starting_leaves_nothing_locked(
    fresh_dir: Path, start_user: StartUser
) -> None:
    starter = start_user(fresh_dir)
    log = fresh_dir / "postgresql" / "server.log"
    wait_until(log.exists, seconds=30, what="initdb began")
    starter.kill()
    with provided(fresh_dir) as environ:
        assert ask(environ["DATABASE_URL"], "SELECT 1") == (1,)


def test_killed_servers_are_started_again(local_dir: Path, start_user: StartUser) -> None:
    before = identity(start_user(local_dir).environ())
    for daemon in daemons(local_dir):
        os.kill(process_id(daemon), signal.SIGKILL)
    with provided(local_dir) as environ:
        assert set(identity(environ)).isdisjoint(before)


def test_servers_without_a_socket_are_replaced(local_dir: Path, start_user: StartUser) -> None:
    before = identity(start_user(local_dir).environ())
    for daemon in daemons(local_dir):
        daemon.socket.unlink()
    with provided(local_dir) as environ:
        assert set(identity(environ)).isdisjoint(before)


def test_forked_child_does_not_stop_the_servers(local_dir: Path, start_user: StartUser) -> None:
    parent = start_user(local_dir, script=PROVIDE_VALKEY + FORK_A_CHILD_THAT_EXITS)
    assert valkey_identity(parent.environ())
    assert running(local_dir) == ["Valkey"]


def test_parent_stops_the_servers_although_a_child_lives(
    local_dir: Path, start_user: StartUser
) -> None:
    parent = start_user(local_dir, script=PROVIDE_VALKEY + FORK_A_CHILD_THAT_STAYS)
    child = int(parent.environ()["CHILD"])
    parent.leave()
    assert running(local_dir) == []
    os.kill(child, signal.SIGKILL)
    wait_until(lambda: used(local_dir) == [], seconds=10, what="the child's lock is free")


def test_child_of_a_killed_parent_keeps_the_servers(local_dir: Path, start_user: StartUser) -> None:
    parent = start_user(local_dir, script=PROVIDE_VALKEY + FORK_A_CHILD_THAT_STAYS)
    environ = parent.environ()
    before = valkey_identity(environ)
    parent.kill()
    with provided(local_dir, **ELSEWHERE) as joined:
        assert valkey_identity(joined) == before
    assert running(local_dir) == ["Valkey"]
    os.kill(int(environ["CHILD"]), signal.SIGKILL)
    wait_until(lambda: used(local_dir) == [], seconds=10, what="the child's lock is free")
    with provided(local_dir, **ELSEWHERE) as joined:
        assert valkey_identity(joined) == before
    assert running(local_dir) == []
