"""PostgreSQL and Valkey out of Python wheels, for a machine that has neither.

Imports neither Django nor the settings: it runs before them and tells them the URLs.
"""

from amonition.embedded.errors import EmbeddedServerError
from amonition.embedded.servers import Servers, provide, throw_away

__all__ = ["EmbeddedServerError", "Servers", "provide", "throw_away"]
