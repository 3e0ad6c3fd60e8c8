"""Strict, in-memory stand-ins for the services around Amonition; they import nothing of it."""

from emulators.starting import Emulators, start_all

__all__ = ["Emulators", "start_all"]
