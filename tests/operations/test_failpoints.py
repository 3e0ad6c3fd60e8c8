"""Failpoints: a named place kills one process, as the machine would, and the next gets through."""

import signal
import subprocess
import sys
from pathlib import Path

from operations import failpoints
from tests.processes import CHECKOUT, python

REACH = "from operations import failpoints; failpoints.reach('here'); print('through')"
AT_ONCE = f"import sys; sys.stdin.readline(); {REACH}"
KILLED = -signal.SIGKILL
MOST_SECONDS = 60.0


def test_point_kills_once_and_the_next_process_gets_through(tmp_path: Path) -> None:
    (tmp_path / "here").touch()
    first = python("-c", REACH, **{failpoints.VARIABLE: str(tmp_path)})
    assert (first.returncode, first.stdout) == (KILLED, "")
    assert not (tmp_path / "here").exists()
    second = python("-c", REACH, **{failpoints.VARIABLE: str(tmp_path)})
    assert (second.returncode, second.stdout) == (0, "through\n")


def test_the_file_names_another_signal(tmp_path: Path) -> None:
    (tmp_path / "here").write_text("TERM")
    process = python("-c", REACH, **{failpoints.VARIABLE: str(tmp_path)})
    assert (process.returncode, process.stdout) == (-signal.SIGTERM, "")
    assert not (tmp_path / "here").exists()


def test_of_many_at_once_one_is_killed(tmp_path: Path) -> None:
    (tmp_path / "here").touch()
    started = [
        subprocess.Popen(  # noqa: S603 - our own interpreter and script
            [sys.executable, "-c", AT_ONCE],
            cwd=CHECKOUT,
            env={failpoints.VARIABLE: str(tmp_path)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for _ in range(5)
    ]
    for process in started:
        assert process.stdin is not None
        process.stdin.write(b"go\n")
        process.stdin.flush()
    said = sorted(process.communicate(timeout=MOST_SECONDS)[0] for process in started)
    assert said == [b"", *[b"through\n"] * 4]
    assert [process.returncode for process in started].count(KILLED) == 1


def test_another_point_does_not_kill(tmp_path: Path) -> None:
    (tmp_path / "there").touch()
    process = python("-c", REACH, **{failpoints.VARIABLE: str(tmp_path)})
    assert process.stdout == "through\n"
    assert (tmp_path / "there").exists()


def test_without_the_variable_there_are_no_points(tmp_path: Path) -> None:
    (tmp_path / "here").touch()
    process = python(
        "-c", f"import os; os.chdir({str(tmp_path)!r}); {REACH}", PYTHONPATH=str(CHECKOUT)
    )
    assert (process.returncode, process.stdout, process.stderr) == (0, "through\n", "")
    assert (tmp_path / "here").exists()
