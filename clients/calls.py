"""One call to an outside service: what is asked, within what limits, and what came back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Call:
    """One request, before anything was sent.

    `path`: under the service's base URL, percent-encoded where it has to be.
    `body`: JSON, encoded.
    `writes`: may change something there. False also for a POST that only asks.
    `repeatable`: doing it twice leaves what doing it once leaves (reads, absolute values,
    an idempotency key).
    `items`: how many things the body carries; more than one can be sent in halves.
    `may_be_absent`: the service's own 404 is an answer (there is no such thing) and no failure.
    """

    method: str
    path: str
    params: Sequence[tuple[str, str]] = ()
    body: bytes | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    writes: bool = False
    repeatable: bool = True
    items: int = 1
    may_be_absent: bool = False

    def __str__(self) -> str:
        """For error texts and logs, so without params: they may hold a phone number."""
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one call may take.

    `connect_seconds`: for TCP per address, and again for TLS. 5 s is what amoCRM's own SDK takes.
    `total_seconds`: from the first byte of the request to the last one of the answer; the W of
    the settle time (docs: exactly-once creating), so not to be raised alone.
    `body_bytes`: of the unpacked answer. 250 companies with all fields are about 2 MB.
    `idle_seconds`: an idle connection older than this is not used again, since its other end may
    be closing it at this very moment and a create would meet that as an unknown outcome. nginx
    waits 75 s by default.
    """

    connect_seconds: float = 5.0
    total_seconds: float = 30.0
    body_bytes: int = 16 * 2**20
    idle_seconds: float = 15.0

    @classmethod
    def within(cls, seconds: float) -> "Limits":
        """For a call that is over `seconds` after it began, however slow each part of it is.

        One address of the service is reckoned with; each further one that is tried adds a fifth.
        Finding the addresses (DNS) is the system's own matter, and not in it.
        """
        return cls(connect_seconds=seconds / 5, total_seconds=seconds * 3 / 5)


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer, whatever its status.

    `headers`: names in lower case. `sent_at`: when the first byte of the request left, on this
    process's monotonic clock; `elapsed`: seconds from there to the last byte of the answer.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    sent_at: float
    elapsed: float

    @property
    def trace_id(self) -> str:
        """The service's own name of this request, for its support; empty when it gave none."""
        return self.headers.get("x-request-id", "")


def segment(name: str) -> str:
    """`name` as one step of a path, percent-encoded.

    ValueError where it can be none: empty, `.` or `..` (which lead elsewhere), half a character.
    """
    if name in {"", ".", ".."}:
        raise ValueError("empty or dots: no step of a path")
    return quote(name, safe="")
