"""Beat's scheduler. django-celery-beat's own ends with the first question that PostgreSQL does not answer."""

import logging
from typing import Any

from django.db import InterfaceError, OperationalError, connections
from django_celery_beat.schedulers import DatabaseScheduler

logger = logging.getLogger(__name__)

AGAIN_SECONDS = 1.0  # until PostgreSQL is asked once more; sweeps come every few seconds


class PatientScheduler(DatabaseScheduler):
    """Waits for PostgreSQL. A beat that ends instead is restarted, and given up after some restarts.

    What fell due meanwhile is rung once when PostgreSQL is back, however often it fell due.
    """

    _initial_read: bool

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Ring what is due; seconds until the next look."""
        try:
            seconds: float = super().tick(*args, **kwargs)
        except (InterfaceError, OperationalError) as error:
            logger.warning("beat.database_away", extra={"error": type(error).__name__})
            connections.close_all()
            self._initial_read = True  # all of it: a task may have been taken out and not put back
            return AGAIN_SECONDS
        return seconds
