"""Child processes: started, watched, restarted, ended in order. Knows nothing of Django."""

from amonition.supervising.children import Child
from amonition.supervising.errors import ChildFailedError, StopAskedError, SupervisingError
from amonition.supervising.supervisor import Supervisor

__all__ = ["Child", "ChildFailedError", "StopAskedError", "SupervisingError", "Supervisor"]
