"""A Python of its own, for what happens once in the life of a process."""

import os
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
MOST_SECONDS = 60.0  # a start takes one; the machine may be busy


def python(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run `python *arguments` in the checkout with `environ` over our own, and wait for its end."""
    return subprocess.run(  # noqa: S603 - the tests' own arguments
        [sys.executable, *arguments],
        cwd=CHECKOUT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "amonition.settings"} | environ,
        capture_output=True,
        text=True,
        timeout=MOST_SECONDS,
        check=False,
    )
