"""One slot: stores and emulators that live through many worlds. Seeds come in, results go out.

    python -m tests.faults.slot DIRECTORY     # a seed a line on stdin, a JSON line for each on stdout

A process of its own, since Django's settings are one for a process.
"""

import json
import os
import sys
import traceback
from dataclasses import asdict
from pathlib import Path

from amonition import ports
from amonition.demo import scene as demo
from emulators import server
from emulators.amocrm.service import AmocrmService
from emulators.feeds import FeedsService
from emulators.offers import OffersService
from emulators.sellers import SellersService
from emulators.snatcher import SnatcherService
from tests.faults import clocks
from tests.faults.source import Source
from tests.faults.stores import Stores

PORTS = range(19_100, 20_900, 10)
OAUTH = {
    "AMOCRM_ACCESS_TOKEN": "",
    "AMOCRM_CLIENT_ID": "emulator-client",
    "AMOCRM_CLIENT_SECRET": "emulator-secret",
    "AMOCRM_REDIRECT_URI": "https://127.0.0.1/amocrm/oauth",
}


def main() -> None:
    directory = Path(sys.argv[1]).resolve()
    directory.mkdir(parents=True, exist_ok=True)
    stores, source = Stores(directory), Source()
    with stores.running():
        first = _ports(directory)
        environ = _environment(directory, stores, first)
        os.environ.clear()
        os.environ.update(environ)
        servers = _emulators(source, first)
        try:
            _prepare(stores)
            _serve(directory, stores, source)
        finally:
            for each in servers:
                each.stop()


def _ports(directory: Path) -> int:
    """Slots start together: each looks from a place of its own."""
    offset = int(directory.name.rpartition("-")[2]) * 300
    first = ports.first_free(PORTS[offset // 10 :], count=len(demo.EMULATORS) + 1)
    if first is None:
        raise SystemExit("no free ports")
    return first


def _environment(directory: Path, stores: Stores, first: int) -> dict[str, str]:
    place = demo.Scene(directory, first + len(demo.EMULATORS), first)
    usual = demo.environment(place, database_url=stores.database_url, redis_url=stores.redis_url)
    usual.pop("PYTHONDONTWRITEBYTECODE", None)  # processes come and go: compiling costs seconds
    return {
        **usual,
        **OAUTH,
        **clocks.VARIABLES,
        "SYNC_PUMPS": "2",
        "TRANSFERS_PER_HOUR": "10000",
        "DJANGO_SETTINGS_MODULE": "amonition.settings",
        "PYTHONPATH": str(demo.CHECKOUT),
    }


def _emulators(source: Source, first: int) -> list[server.Server]:
    """In the order of `amonition.demo.scene.EMULATORS`."""
    services: tuple[server.Service, ...] = (
        AmocrmService(),
        SellersService(source),
        OffersService(source),
        FeedsService(source),
        SnatcherService(),
    )
    return [server.start(each, port=first + place) for place, each in enumerate(services)]


def _prepare(stores: Stores) -> None:
    import django  # noqa: PLC0415 - the environment comes first

    stores.create()
    django.setup()
    from django.core.management import call_command  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415

    call_command("migrate", verbosity=0, interactive=False)
    connection.close()
    stores.keep_as_prepared()


def _serve(directory: Path, stores: Stores, source: Source) -> None:
    from tests.faults.world import carry_out  # noqa: PLC0415

    for line in sys.stdin:
        seed = int(line)
        try:
            result = asdict(carry_out(seed, directory=directory, stores=stores, source=source))
        except Exception:  # noqa: BLE001 - told to the runner, which decides
            result = {"seed": seed, "broken": traceback.format_exc()}
        sys.stdout.write(json.dumps(result, ensure_ascii=False) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
