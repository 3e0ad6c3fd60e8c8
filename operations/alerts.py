"""Alerts: one row per transition. Raising what is raised already changes nothing, nor does recovering twice."""

import logging

from django.db import IntegrityError, transaction
from django.utils import timezone

from operations.models import Alert

logger = logging.getLogger(__name__)


def raise_alert(*, kind: Alert.Kind, text: str) -> bool:
    """Open an alert. False: it is open already."""
    if Alert.objects.filter(kind=kind, recovered_at=None).exists():
        return False
    try:
        with transaction.atomic():
            Alert.objects.create(kind=kind, text=text)
    except IntegrityError:
        return False  # another process was first; the partial unique index decides
    logger.error("alert.raised", extra={"kind": kind, "text": text})
    return True


def recover(*, kind: Alert.Kind) -> bool:
    """Close an open alert. False: there was none."""
    closed = Alert.objects.filter(kind=kind, recovered_at=None).update(recovered_at=timezone.now())
    if closed:
        logger.info("alert.recovered", extra={"kind": kind})
    return bool(closed)
