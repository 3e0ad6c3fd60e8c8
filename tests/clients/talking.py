"""A Transport and the scripted server it talks to."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from clients.calls import Call, Limits
from clients.pacing import Pace
from clients.transport import DEFAULT_LIMITS, Transport
from tests.clients.recording_pace import RecordingPace
from tests.clients.scripted_server import Peer, Script, ScriptedServer

READ = Call("GET", "/things")
CREATE = Call("POST", "/things", body=b"[{}]", writes=True, repeatable=False)
UPDATE = Call("PATCH", "/things", body=b"[{}]", writes=True)

QUICK = Limits(total_seconds=0.5)  # for servers that never end


@contextmanager
def talking(
    *scripts: Script,
    pace: Pace | None = None,
    limits: Limits = DEFAULT_LIMITS,
    authorise: Callable[[], str] | None = None,
    tls: ssl.SSLContext | None = None,
    ca_bundle: Path | None = None,
) -> Iterator[tuple[Transport, ScriptedServer]]:
    """Each connection to the server is treated by the next script."""
    with ScriptedServer(scripts, tls) as server:
        transport = Transport(
            service="things",
            base_url=server.url,
            pace=pace or RecordingPace(),
            authorise=authorise,
            limits=limits,
            ca_bundle=ca_bundle,
        )
        with closing(transport):
            yield transport, server


def answering(*answers: bytes) -> Callable[[Peer], None]:
    """A script: one answer after the other, on one connection."""
    return lambda peer: peer.answer(*answers)
