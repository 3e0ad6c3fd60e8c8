#!/usr/bin/env python
"""Django's commands, with PostgreSQL and Valkey started first where the environment names none."""

import os
import sys
from pathlib import Path

WITHOUT_SERVERS = {"help", "--help", "-h", "--version", "version"}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "amonition.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    from amonition.embedded import EmbeddedServerError, provide

    local_dir = Path(os.environ.get("LOCAL_DIR", Path(__file__).resolve().parent / ".local"))
    try:
        if len(sys.argv) > 1 and sys.argv[1] not in WITHOUT_SERVERS:
            provide(os.environ, local_dir=local_dir.absolute())
        execute_from_command_line(sys.argv)
    except (EmbeddedServerError, ImproperlyConfigured) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
