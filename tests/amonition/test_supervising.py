import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from amonition.supervising import (
    ChildFailedError,
    StopAskedError,
    SupervisingError,
    Supervisor,
)
from amonition.supervising.child_logs import LOG_BYTES, Log
from tests.amonition.supervised import (
    CHECKOUT,
    CRASHING,
    OBEDIENT,
    QUICK,
    STUBBORN,
    child,
    lives,
    processes,
    supervise,
    told,
)
from tests.waiting import wait_until

SECONDS = 30  # bounds a broken supervisor; a working one takes one


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal"


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    return tmp_path / "logs"


@pytest.fixture
def supervisor(logs: Path) -> Supervisor:
    return Supervisor(cwd=CHECKOUT, logs=logs)


@pytest.fixture
def other_supervisor(journal: Path, logs: Path) -> Iterator[subprocess.Popen[bytes]]:
    """In a process of its own, with its children running."""
    process = supervise(journal, logs)
    try:
        wait_until(lambda: len(told(journal, "started")) == 2, seconds=SECONDS, what="children")
        yield process
    finally:
        process.kill()
        process.wait()


def test_crashed_child_is_started_again(supervisor: Supervisor, journal: Path) -> None:
    with supervisor:
        supervisor.start(child("web", OBEDIENT, journal))
        supervisor.wait_until(
            lambda: told(journal, "started") == ["web"], seconds=SECONDS, what="start"
        )
        processes(journal)[0].kill()
        supervisor.wait_until(
            lambda: told(journal, "started") == ["web", "web"], seconds=SECONDS, what="restart"
        )


def test_child_that_keeps_crashing_is_given_up_with_the_end_of_its_log(
    supervisor: Supervisor, journal: Path, logs: Path
) -> None:
    with supervisor:
        supervisor.start(child("web", CRASHING, journal, most_crashes=2))
        with pytest.raises(ChildFailedError) as failure:
            supervisor.stay()
    assert told(journal, "started") == ["web", "web"]
    assert "web ended 2 times within 60 s, last with status 3" in str(failure.value)
    assert f"{logs / 'web.log'}:\nout of luck\nout of luck" in str(failure.value)


def test_stages_end_in_reverse_order(supervisor: Supervisor, journal: Path) -> None:
    names = ["worker", "web", "beat"]
    with supervisor:
        for name in names:
            supervisor.start(child(name, OBEDIENT, journal))
        supervisor.wait_until(
            lambda: len(told(journal, "started")) == 3, seconds=SECONDS, what="start"
        )
    assert told(journal, "ended") == ["beat", "web", "worker"]


def test_child_that_does_not_heed_is_killed(supervisor: Supervisor, journal: Path) -> None:
    with supervisor:
        supervisor.start(child("web", STUBBORN, journal, stop_signals=QUICK))
        supervisor.wait_until(lambda: bool(told(journal, "started")), seconds=SECONDS, what="start")
        process = processes(journal)[0]
    assert told(journal, "asked") == ["web"]
    assert not lives(process)


def test_children_end_when_the_work_fails(supervisor: Supervisor, journal: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        fail_beside_a_child(supervisor, journal)
    assert told(journal, "ended") == ["web"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_waiting_ends_when_a_stop_is_asked_for(
    supervisor: Supervisor, number: signal.Signals
) -> None:
    before = signal.getsignal(number)
    with supervisor:
        os.kill(os.getpid(), number)
        with pytest.raises(StopAskedError):
            supervisor.wait_until(lambda: False, seconds=SECONDS, what="nothing")
    assert signal.getsignal(number) == before


def test_second_request_to_stop_kills_at_once(
    other_supervisor: subprocess.Popen[bytes], journal: Path
) -> None:
    family = processes(journal)
    other_supervisor.send_signal(signal.SIGINT)
    wait_until(lambda: told(journal, "asked") == ["first"], seconds=SECONDS, what="asked to end")
    other_supervisor.send_signal(signal.SIGINT)
    assert other_supervisor.wait(5) == 0  # without the second one it takes ten seconds
    assert not [each for each in family if lives(each)]


def test_killed_supervisor_leaves_no_process_behind(
    other_supervisor: subprocess.Popen[bytes], journal: Path
) -> None:
    family = processes(journal)
    other_supervisor.kill()
    assert len(family) == 3
    wait_until(
        lambda: not [each for each in family if lives(each)], seconds=SECONDS, what="no process"
    )


def test_command_gives_its_exit_status(supervisor: Supervisor) -> None:
    with supervisor:
        status = supervisor.run([sys.executable, "-c", "raise SystemExit(4)"], seconds=SECONDS)
    assert status == 4


def test_command_that_takes_too_long_is_ended(supervisor: Supervisor, journal: Path) -> None:
    endless = child("web", STUBBORN, journal).command
    with supervisor, pytest.raises(SupervisingError, match="not within 1 s"):
        supervisor.run(endless, seconds=1)


def test_nothing_is_started_outside_the_block(supervisor: Supervisor, journal: Path) -> None:
    with pytest.raises(SupervisingError):
        supervisor.start(child("web", OBEDIENT, journal))
    assert not told(journal, "started")


def test_log_begins_anew_with_a_supervisor_and_goes_on_with_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "web.log"
    path.write_text("of yesterday")
    log = Log(path)
    with log.opened() as first, log.opened() as second:
        print("first", file=first, flush=True)
        print("second", file=second, flush=True)
    assert path.read_text() == "first\nsecond\n"


def test_log_that_grew_too_long_begins_anew_under_its_writer(tmp_path: Path) -> None:
    path = tmp_path / "web.log"
    log = Log(path)
    with log.opened() as writer:
        assert writer
        writer.write("x" * LOG_BYTES)
        writer.write("y")
        writer.flush()
        log.cut()
        writer.write("z")
    assert path.read_text() == "z"
    assert path.with_suffix(".log.1").stat().st_size == LOG_BYTES + 1


def fail_beside_a_child(supervisor: Supervisor, journal: Path) -> None:
    with supervisor:
        supervisor.start(child("web", OBEDIENT, journal))
        supervisor.wait_until(lambda: bool(told(journal, "started")), seconds=SECONDS, what="start")
        raise ZeroDivisionError
