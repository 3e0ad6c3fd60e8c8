"""Hooks at a fixed rate, whether or not the answers keep up: a process of its own, many sockets.

    python -m benchmarks.hook_load URL BODIES_FILE --per-second 500 --seconds 60

Each hook is a connection of its own, as amoCRM makes them. Latency counts from the moment at which
the hook should have left, so that a stall of the service is not hidden by a stall of the load.
"""

import argparse
import asyncio
import json
import time
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import orjson

LATE_SECONDS = 10.0  # amoCRM gives up after two


class Load:
    """What was sent and what came back."""

    def __init__(self, url: str, bodies: list[bytes]) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 80
        head = (
            f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n"
            "User-Agent: amoCRM-WebHook-client/1.0\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: "
        )
        self._requests = [f"{head}{len(body)}\r\n\r\n".encode() + body for body in bodies]
        self.latencies: list[float] = []
        self.statuses: Counter[str] = Counter()

    async def run(self, *, per_second: float, seconds: float) -> None:
        """Send on schedule; return when every answer is there or too late."""
        started = time.monotonic()
        tasks = []
        for number in range(int(per_second * seconds)):
            due = started + number / per_second
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            request = self._requests[number % len(self._requests)]
            tasks.append(asyncio.create_task(self._send(request, due)))
        await asyncio.gather(*tasks)

    async def _send(self, request: bytes, due: float) -> None:
        try:
            async with asyncio.timeout(LATE_SECONDS):
                reader, writer = await asyncio.open_connection(self._host, self._port)
                writer.write(request)
                line = await reader.readline()
                writer.close()
            self.statuses[line.decode().split(" ")[1] if line else "closed"] += 1
        except (OSError, TimeoutError) as error:
            self.statuses[type(error).__name__] += 1
        self.latencies.append(time.monotonic() - due)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("bodies", type=Path, help="a JSON list of texts")
    parser.add_argument("--per-second", type=float, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    given = parser.parse_args()
    bodies = [text.encode() for text in orjson.loads(given.bodies.read_bytes())]
    load = Load(given.url, bodies)
    asyncio.run(load.run(per_second=given.per_second, seconds=given.seconds))
    print(json.dumps({"latencies": load.latencies, "statuses": load.statuses}))


if __name__ == "__main__":
    main()
