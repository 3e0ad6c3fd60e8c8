"""Processor seconds by part of the world: what it costs, however busy the machine is meanwhile."""

import contextlib
from collections import defaultdict
from collections.abc import Mapping

import psutil

from benchmarks.world import World

PARTS = ("workers", "PostgreSQL", "emulators")


def used(world: World) -> Mapping[str, float]:
    """Since each process began."""
    seconds: defaultdict[str, float] = defaultdict(float)
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            part = _part(process, world)
            if part is not None:
                times = process.cpu_times()
                seconds[part] += times.user + times.system
                if "-D" in process.cmdline():  # connections that ended meanwhile
                    seconds[part] += times.children_user + times.children_system
    return seconds


def _part(process: psutil.Process, world: World) -> str | None:
    command = process.cmdline()
    place = str(world.place.directory)
    if "-m" in command and "emulators" in command and str(world.place.emulators) in command:
        return "emulators"
    if "bulk@%h" in command or "maintenance@%h" in command:
        return "workers" if process.environ().get("LOCAL_DIR") == place else None
    owner = process if "-D" in command else process.parent()
    if owner is not None and owner.name() == "postgres" and _is_ours(owner, world):
        return "PostgreSQL"
    return None


def _is_ours(postmaster: psutil.Process, world: World) -> bool:
    sockets = world.database_url.partition("host=")[2].split()[0].strip("'")
    return any(word.endswith(f"={sockets}") for word in postmaster.cmdline())
