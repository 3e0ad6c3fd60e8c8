"""Programs that a supervisor of the tests looks after, and a program that supervises them."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil

from amonition.supervising import Child
from amonition.supervising.children import STOP_SIGNALS

CHECKOUT = Path(__file__).resolve().parents[2]
QUICK = ((signal.SIGTERM, 0.2), (signal.SIGKILL, 5.0))

BEGIN = """
import os, signal, subprocess, sys
name, journal = sys.argv[1:3]
def note(word):
    with open(journal, "a") as file:
        file.write(f"{name} {word} {os.getpid()}\\n")
def stay():
    while True:
        signal.pause()
"""
OBEDIENT = """
signal.signal(signal.SIGTERM, lambda *_: (note("ended"), sys.exit()))
note("started")
stay()
"""
STUBBORN = """
signal.signal(signal.SIGTERM, lambda *_: note("asked"))
note("started")
stay()
"""
CRASHING = """
note("started")
print("out of luck")
sys.exit(3)
"""
# Its child ignores SIGTERM and would stay behind.
PARENT = """
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
note("started")
stay()
"""
SUPERVISOR = """
import logging, sys
from pathlib import Path
from amonition.supervising import Supervisor
from tests.amonition.supervised import CHECKOUT, PARENT, STUBBORN, child
logging.basicConfig(level=logging.INFO)
journal, logs = Path(sys.argv[1]), Path(sys.argv[2])
with Supervisor(cwd=CHECKOUT, logs=logs, grace=0.2) as supervisor:
    supervisor.start(child("first", STUBBORN, journal), child("second", PARENT, journal))
    supervisor.stay()
"""


def child(
    name: str,
    script: str,
    journal: Path,
    *,
    most_crashes: int = 5,
    stop_signals: tuple[tuple[signal.Signals, float], ...] = STOP_SIGNALS,
) -> Child:
    """A child that writes what happens to it into `journal`: name, word, process id."""
    command = (sys.executable, "-c", BEGIN + script, name, str(journal))
    return Child(name, command, most_crashes=most_crashes, stop_signals=stop_signals)


def supervise(journal: Path, logs: Path) -> subprocess.Popen[bytes]:
    """A supervisor of two children that do not heed SIGTERM, and of a grandchild."""
    return subprocess.Popen(  # noqa: S603 - a script of this module
        [sys.executable, "-c", SUPERVISOR, str(journal), str(logs)],
        cwd=CHECKOUT,
        env=os.environ,
        stderr=subprocess.DEVNULL,
    )


def told(journal: Path, word: str) -> list[str]:
    """The names of those to whom `word` happened, in order."""
    return [name for name, what, _ in _lines(journal) if what == word]


def processes(journal: Path) -> list[psutil.Process]:
    """Those that have started and what they have started themselves; to be asked while they run."""
    started = [psutil.Process(int(pid)) for _, what, pid in _lines(journal) if what == "started"]
    return [each for process in started for each in (process, *process.children())]


def lives(process: psutil.Process) -> bool:
    """False for a zombie too: where nobody reaps orphans they stay as such."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _lines(journal: Path) -> list[list[str]]:
    return [line.split() for line in journal.read_text().splitlines()] if journal.exists() else []
