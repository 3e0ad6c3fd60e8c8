"""What beat does for webhooks: bells that were not heard, bodies from Redis, what has grown old."""

import logging
from datetime import timedelta

from clients.pacing import PaceUnavailableError
from companies import own_writes
from crm import configuration
from crm.pacing import pace
from operations import alerts, doorbell, leases, statements
from operations.models import Alert
from webhooks import dispatching, inbox, noting, selectors
from webhooks.models import Delivery

logger = logging.getLogger(__name__)

SPOOL_LEASE = "webhooks.spool"
SPOOL_SECONDS = 60
MOST_LOADED = 2_000  # bodies in one sweep; the next one comes in seconds
KEPT_DAYS = 14
MOST_AGED = 5_000  # rows a statement; a sweep of an hour's 180,000 takes a few dozen
MOST_STATEMENTS = 100
LAG_SECONDS = 300  # an inbox that is that old is a matter for a person
# Each write of the push comes back as up to 250 events. One read takes under a second: who is that
# far behind does not keep up with them.
SLOW_AFTER_SECONDS = 10.0
SLOW_SECONDS = 20.0  # four sweeps; a sweep that comes no more slows nobody down

AGE_OUT = {
    "webhooks_note": """
DELETE FROM webhooks_note WHERE id IN (
    SELECT n.id FROM webhooks_note n JOIN webhooks_event e ON e.id = n.event_id
    WHERE e.received_at < clock_timestamp() - %(days)s * interval '1 day' LIMIT %(most)s)
""",
    "webhooks_transfer": """
UPDATE webhooks_transfer SET event_id = NULL WHERE event_id IN (
    SELECT e.id FROM webhooks_event e JOIN webhooks_transfer t ON t.event_id = e.id
    WHERE e.received_at < clock_timestamp() - %(days)s * interval '1 day'
      AND e.state NOT IN ('waiting', 'working') LIMIT %(most)s)
""",
    "webhooks_event": """
DELETE FROM webhooks_event WHERE id IN (
    SELECT id FROM webhooks_event
    WHERE received_at < clock_timestamp() - %(days)s * interval '1 day'
      AND state NOT IN ('waiting', 'working') LIMIT %(most)s)
""",
    "webhooks_delivery": """
DELETE FROM webhooks_delivery WHERE id IN (
    SELECT d.id FROM webhooks_delivery d
    WHERE d.received_at < clock_timestamp() - %(days)s * interval '1 day' AND d.state <> 'stored'
      AND NOT EXISTS (SELECT FROM webhooks_event e WHERE e.delivery_id = d.id) LIMIT %(most)s)
""",
}


def sweep() -> None:
    """Every few seconds; cheap where nothing waits."""
    with leases.held(name=SPOOL_LEASE, seconds=SPOOL_SECONDS) as holder:
        if holder is not None:
            inbox.load_spool(most=MOST_LOADED)
    lag = inbox_lag()
    if lag is not None and doorbell.unheard(queue="interactive") == 0:
        doorbell.ring("webhooks.read")
    dispatching.ring_due()
    noting.ring_due()
    _watch(lag or 0.0)
    _slow_the_push(max(lag or 0.0, selectors.overdue().event))


def inbox_lag() -> float | None:
    """How long the oldest request that is due has waited, in seconds; None where none waits."""
    now = statements.now()
    oldest = (
        Delivery.objects.filter(state=Delivery.State.STORED, due_at__lte=now)
        .order_by("due_at")
        .values_list("due_at", flat=True)
        .first()
    )
    return None if oldest is None else (now - oldest) / timedelta(seconds=1)


def _watch(lag: float) -> None:
    if lag > LAG_SECONDS:
        text = f"Запросы amoCRM ждут разбора уже {lag:.0f} с: работают ли процессы interactive?"
        alerts.raise_alert(kind=Alert.Kind.INBOX_LAGS, text=text)
    else:
        alerts.recover(kind=Alert.Kind.INBOX_LAGS)


def _slow_the_push(lag: float) -> None:
    """It brings most of what comes in; amoCRM's limiter, which every write asks, passes it on."""
    if lag <= SLOW_AFTER_SECONDS or not configuration.is_complete():
        return
    logger.warning("webhooks.push_slowed", extra={"lag": round(lag)})
    try:
        pace().slow_bulk(seconds=SLOW_SECONDS)
    except PaceUnavailableError as error:  # then there is no push either
        logger.warning("webhooks.push_not_slowed", extra={"error": str(error)})


def age_out() -> None:
    """Requests, events and notes older than 14 days; transfers stay."""
    own_writes.sweep()
    arguments = {"days": KEPT_DAYS, "most": MOST_AGED}
    for table, statement in AGE_OUT.items():
        for _ in range(MOST_STATEMENTS):
            if statements.execute(statement, arguments) < MOST_AGED:
                break
        else:
            logger.warning("webhooks.much_to_age_out", extra={"table": table})
