"""Ctrl-C and its like, counted instead of thrown into whatever is being done."""

import signal
from types import FrameType

NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequests:
    """Counts signals between `watch` and `unwatch`. What was ignored (nohup) stays ignored."""

    def __init__(self) -> None:
        self.count = 0
        self._before = {
            number: handler
            for number in NUMBERS
            if (handler := signal.getsignal(number)) != signal.SIG_IGN
        }

    def watch(self) -> None:
        for number in self._before:
            signal.signal(number, self._note)

    def unwatch(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self.count += 1
