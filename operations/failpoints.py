"""Places where a test may kill the process: `kill -9` between two steps, as a machine would do it.

Off unless AMONITION_FAILPOINTS names a directory. A file in it with a point's name kills the first
process that reaches the point, and is gone then: the next one gets through. What the file says is
the signal (`TERM`, `STOP`); an empty one is `KILL`.
"""

import os
import signal
from pathlib import Path

VARIABLE = "AMONITION_FAILPOINTS"


def reach(point: str) -> None:
    """Die here if a test wants it."""
    directory = os.environ.get(VARIABLE)
    if not directory:
        return
    file = Path(directory, point)
    try:
        name = file.read_text()
        file.unlink()  # of several processes one succeeds
    except FileNotFoundError:
        return
    os.kill(os.getpid(), signal.Signals[f"SIG{name.strip() or 'KILL'}"])
