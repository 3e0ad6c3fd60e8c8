"""Which stages of leads mean "transfer this profile", remembered for some minutes in each process."""

import threading
import time

from django.conf import settings

from clients.amocrm.client import AmoCrm
from clients.pacing import Lane
from crm import statuses

KEPT_SECONDS = 600.0  # managers rename stages rarely, and one request is cheap


class Stages:
    """(pipeline_id, status_id) of the transfer stages, as amoCRM told them last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: frozenset[tuple[int, int]] = frozenset()
        self._wanted = ""
        self._read_at = 0.0

    def transfer(self, *, client: AmoCrm) -> frozenset[tuple[int, int]]:
        """Empty where no pipeline has such a stage. Raises ServiceError, PacingError."""
        wanted = f"{settings.AMOCRM_URL} {settings.AMOCRM_TRANSFER_STATUS}"
        with self._lock:
            fresh = self._read_at and time.monotonic() < self._read_at + KEPT_SECONDS
            if fresh and wanted == self._wanted and self._known:
                return self._known
        pipelines = client.leads.pipelines(lane=Lane.INTERACTIVE)
        found = statuses.find(pipelines, settings.AMOCRM_TRANSFER_STATUS)
        known = frozenset((stage.pipeline_id, stage.status_id) for stage in found)
        with self._lock:
            self._known, self._wanted, self._read_at = known, wanted, time.monotonic()
        return known

    def forget(self) -> None:
        """Ask again with the next use."""
        with self._lock:
            self._read_at = 0.0


stages = Stages()
