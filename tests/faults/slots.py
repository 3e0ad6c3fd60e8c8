"""Slots as the runner sees them: processes that are given seeds, and are replaced when they hang."""

import json
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.faults.results import Record

WORLD_SECONDS = 720.0  # far beyond everything a world's own bounds allow
END_SECONDS = 60.0
CHECKOUT = Path(__file__).resolve().parents[2]


class Slot:
    """One process. Started with the first seed, and again after it was lost."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._process: subprocess.Popen[str] | None = None
        self._lines: queue.Queue[str] = queue.Queue()
        self._reader: threading.Thread | None = None

    def carry_out(self, seed: int) -> Record:
        """What the world has come to; a record with `broken` where it was not carried out."""
        process = self._process or self._start()
        assert process.stdin is not None
        try:
            process.stdin.write(f"{seed}\n")
            process.stdin.flush()
            answer = self._lines.get(timeout=WORLD_SECONDS)
        except (OSError, queue.Empty) as error:
            self.end()
            return {"seed": seed, "broken": f"the slot is lost: {error!r}"}
        if not answer:
            said = (self.directory / "slot.log").read_text(errors="replace")[-3000:]
            self.end()
            return {"seed": seed, "broken": f"the slot has ended\n{said}"}
        record: dict[str, Any] = json.loads(answer)
        return record

    def end(self) -> None:
        """Its workers and servers end with it."""
        process, self._process = self._process, None
        if process is None or process.stdin is None:
            return
        process.stdin.close()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        finally:
            if self._reader is not None:
                self._reader.join(END_SECONDS)
            if process.stdout is not None:
                process.stdout.close()

    def _start(self) -> subprocess.Popen[str]:
        self.directory.mkdir(parents=True, exist_ok=True)
        with (self.directory / "slot.log").open("w") as log:
            process = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-m", "tests.faults.slot", str(self.directory)],
                cwd=CHECKOUT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self._process, self._lines = process, queue.Queue()
        self._reader = threading.Thread(target=_pass_on, args=(process, self._lines), daemon=True)
        self._reader.start()
        return process


def _pass_on(process: subprocess.Popen[str], lines: "queue.Queue[str]") -> None:
    assert process.stdout is not None
    for each in process.stdout:
        lines.put(each)
    lines.put("")


def carry_out_all(
    seeds: list[int], *, jobs: int, directory: Path, done: Callable[[Slot, Record], None]
) -> None:
    """Every seed, `jobs` worlds at a time. `done` is called by one thread at a time."""
    waiting: queue.Queue[int] = queue.Queue()
    for seed in seeds:
        waiting.put(seed)
    turn = threading.Lock()

    def work(number: int) -> None:
        slot = Slot(directory / f"slot-{number}")
        try:
            while True:
                seed = waiting.get_nowait()
                record = slot.carry_out(seed)
                if "broken" in record:  # the machine's fault or the runner's: once more
                    slot.end()
                    record = slot.carry_out(seed)
                with turn:
                    done(slot, record)
        except queue.Empty:
            return
        finally:
            slot.end()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
