"""Whether amoCRM tells us everything, door by door, and which gaps are to be read. Rows outlive us.

One process at a time writes here: whoever holds the lease of `subscriptions`.
"""

import logging
from datetime import datetime, timedelta

from django.db.models import QuerySet, Value
from django.db.models.functions import Concat
from django.utils import timezone

from operations import alerts
from operations.models import Alert
from webhooks.models import Door, SubscriptionWatch

logger = logging.getLogger(__name__)

OVERLAP = timedelta(minutes=10)  # lists lag behind writes, and amoCRM's clock is not ours
# amoCRM switches a hook off after a hundred failures within two hours; what failed is lost as well.
OVERLAP_OF_DISABLED = timedelta(hours=2, minutes=10)
# We were away ourselves, and amoCRM tries a hook that nobody takes for twenty minutes (5.5).
SILENCE = timedelta(minutes=20)
LONGEST_GAP = timedelta(hours=24)  # what is older is for people to look at
LIST_LAG = timedelta(minutes=5)  # of an unknown length; others reckon with ten, as does OVERLAP


def lose(*, door: Door, disabled: bool) -> bool:
    """Not everything comes to this door: a gap opens, or goes on. False: it never was in order."""
    watch = SubscriptionWatch.objects.filter(door=door).first()
    if watch is None:
        return False
    if watch.gap_from is None:
        watch.gap_from = watch.good_at - (OVERLAP_OF_DISABLED if disabled else OVERLAP)
    watch.mended_at, watch.reading_since, watch.page = None, None, 1
    watch.save()
    return True


def stand(*, door: Door, at: datetime) -> None:
    """Everything comes to this door, as of `at`; also a gap where nobody has looked for long."""
    watch, _ = SubscriptionWatch.objects.get_or_create(door=door, defaults={"good_at": at})
    if watch.gap_from is None and at - watch.good_at > SILENCE:
        watch.gap_from = watch.good_at - OVERLAP
    if watch.gap_from is not None and watch.mended_at is None:
        watch.mended_at = at
    watch.good_at = at
    watch.save()


def gaps() -> QuerySet[SubscriptionWatch]:
    """Those in which something is still to be read; leads first."""
    return SubscriptionWatch.objects.filter(gap_from__isnull=False).order_by("-door")


def begin(*, gap: SubscriptionWatch) -> int:
    """From when changes are to be read, Unix seconds; the same for all pages of one reading."""
    now = timezone.now()
    earliest = now - LONGEST_GAP
    since = gap.gap_from or earliest
    if gap.reading_since is None:
        if since < earliest:
            cut(gap=gap, what="перерыв дольше суток, перечитаны только последние сутки")
            since = earliest
        gap.gap_from, gap.reading_since = since, now
        gap.save()
    return int(since.timestamp())


def turn_page(*, gap: SubscriptionWatch) -> None:
    """What was on this page is in the inbox."""
    gap.page += 1
    gap.save()


def finish(*, gap: SubscriptionWatch) -> None:
    """Everything was read. Once more, if that began when lists could lack the latest changes."""
    began, mended = gap.reading_since, gap.mended_at
    logger.info("catching_up.read", extra={"door": gap.door, "pages": gap.page})
    if began is not None and mended is not None and began < mended + LIST_LAG:
        gap.gap_from = mended - OVERLAP
    else:
        gap.gap_from, gap.mended_at = None, None
    gap.reading_since, gap.page = None, 1
    gap.save()


def cut(*, gap: SubscriptionWatch, what: str) -> None:
    """Some of it will not be read: a person should know."""
    text = f"«{Door(gap.door).label}»: {what}"
    logger.warning("catching_up.cut", extra={"door": gap.door, "what": what})
    if not alerts.raise_alert(kind=Alert.Kind.WEBHOOKS_OFF, text=text):
        standing = Alert.objects.filter(kind=Alert.Kind.WEBHOOKS_OFF, recovered_at=None)
        standing.update(text=Concat("text", Value(f". {text}")))
