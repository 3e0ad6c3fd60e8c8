"""The wall clocks of the workers, where a world has them go wrong."""

import os
from collections.abc import Mapping
from pathlib import Path

SKEWED = Path(__file__).parent / "skewed"
VARIABLE = "FAULT_WALL_CLOCK"  # of `skewed/sitecustomize.py`


class WallClock:
    """Of one worker. It follows within a moment, see `skewed/sitecustomize.py`."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.set(0.0)

    def set(self, ahead: float) -> None:
        """`ahead`: of the machine's clock, seconds; negative is behind."""
        written = self._file.with_name(f"{self._file.name}.new")
        written.write_text(str(ahead))
        written.replace(self._file)

    def followed(self, pid: int, *, ahead: float) -> bool:
        """Whether this process has that time."""
        try:
            return float(self._file.with_name(f"{self._file.name}.{pid}").read_text()) == ahead
        except (FileNotFoundError, ValueError):  # not yet, or half written
            return False

    def environ(self, usual: Mapping[str, str]) -> dict[str, str]:
        """For the worker's processes."""
        path = os.pathsep.join((str(SKEWED), usual.get("PYTHONPATH", "")))
        return {**usual, VARIABLE: str(self._file), "PYTHONPATH": path}
