"""Beat's ticks of the create protocol."""

import logging
from contextlib import closing

from celery import shared_task
from django.conf import settings

from clients.errors import ServiceError
from clients.pacing import PacingError
from companies import attempts, reconciling
from companies.models import CreateAttempt
from crm import connection

logger = logging.getLogger(__name__)


@shared_task(name="companies.expire_attempts")
def expire_attempts() -> None:
    """The reaper."""
    attempts.expire_prepared()


@shared_task(name="companies.settle_attempts")
def settle_attempts() -> None:
    """The reconciler; asks nothing of amoCRM while nothing is open."""
    if not CreateAttempt.objects.filter(state=CreateAttempt.State.SENT).exists():
        return
    try:
        with closing(connection.ready_client()) as client:
            reconciling.settle(client=client, settle_time=settings.CREATE_SETTLE_TIME)
    except (ServiceError, PacingError) as error:
        logger.warning("reconcile.postponed", extra={"error": str(error)})
