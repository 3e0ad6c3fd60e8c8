"""A pump's updates between amoCRM's answer and our tables: confirmed together, but soon.

Their echo comes back as webhooks, judged two seconds after it came. By then a write is either
confirmed here, or noted as being on its way (companies/own_writes.py).
"""

import time
from collections.abc import Iterable
from functools import partial

from companies import own_writes, updating
from companies.updating import Confirmation
from operations import statements
from sync.sending import Result, Write

CONFIRM_SECONDS = 0.5  # an answer waits no longer for others to be confirmed with it
SLOW_SECONDS = 0.5  # a write that takes longer is noted; amoCRM needs about as long


class Confirmer:
    """What one pump has to confirm."""

    def __init__(self) -> None:
        self._waiting: list[Confirmation] = []
        self._since = 0.0
        self._noted: dict[int, int] = {}  # id() of a write -> its number among our own writes
        self._settled: list[int] = []

    def add(self, confirmations: Iterable[Confirmation]) -> None:
        """amoCRM has these values."""
        if not self._waiting:
            self._since = time.monotonic()
        self._waiting.extend(confirmations)

    def answered(self, result: Result) -> None:
        """A write came back. One whose outcome nobody knows stays noted until it is too old."""
        self.add(result.confirmations)
        number = self._noted.pop(id(result.write), None)
        is_known = result.outcome is not None and not result.outcome.unknown
        if number is not None and is_known:
            self._settled.append(number)

    def note(self, writes: Iterable[Write]) -> None:
        """These updates are on their way for longer than usual."""
        for write in writes:
            if write.changed and id(write) not in self._noted:
                companies = [update.company_id for _, update in write.changed]
                # Twice is once too often at the worst: a note that nobody settles grows too old.
                self._noted[id(write)] = statements.outlast(
                    partial(own_writes.begin, companies=companies)
                )

    def confirm(self, *, at_once: bool) -> None:
        """Write down what waits; else only what has waited long enough."""
        if at_once or time.monotonic() - self._since > CONFIRM_SECONDS:
            updating.confirm(confirmations=self._waiting)
            statements.outlast(lambda: own_writes.forget(writes=self._settled))
            self._waiting, self._settled = [], []
