"""Processes that a service of a test has left behind."""

import psutil


def with_environment(name: str, value: str) -> list[str]:
    """Command lines of the processes that were started with this variable."""
    return [
        " ".join(process.info["cmdline"] or [process.info["name"]])
        for process in psutil.process_iter(["cmdline", "name", "environ"])
        if (process.info["environ"] or {}).get(name) == value
    ]
