"""Who counts what hedged calls do. No library of metrics here: the service brings its own."""

from typing import Protocol

from clients.hedging.race import Kind


class Observer(Protocol):
    """Called from many threads; `endpoint` is one of a few names, never a URL."""

    def attempt(self, endpoint: str, kind: Kind) -> None:
        """An attempt started."""
        ...

    def hedge_won(self, endpoint: str) -> None:
        """A hedge brought the call's result: it was worth its load."""
        ...

    def budget_denied(self, endpoint: str) -> None:
        """An extra attempt was wanted and not granted."""
        ...

    def call_took(self, endpoint: str, seconds: float) -> None:
        """A call is over, whatever came of it."""
        ...


class Unobserved:
    """Nobody counts."""

    def attempt(self, endpoint: str, kind: Kind) -> None:
        """See `Observer`."""

    def hedge_won(self, endpoint: str) -> None:
        """See `Observer`."""

    def budget_denied(self, endpoint: str) -> None:
        """See `Observer`."""

    def call_took(self, endpoint: str, seconds: float) -> None:
        """See `Observer`."""
