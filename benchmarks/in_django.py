"""`python -m benchmarks.in_django MODULE`: a module's `main` with Django set up before it is imported."""

import importlib
import os
import sys

import django


def run(name: str) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "amonition.settings")
    django.setup()
    importlib.import_module(name).main()


if __name__ == "__main__":
    run(sys.argv[1])
