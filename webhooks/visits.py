"""Visits of leads to the transfer status in the database. One transfer per visit, held by two unique keys."""

from django.utils import timezone

from operations import failpoints, statements
from webhooks.models import Event, Transfer

# Two hooks of one move open one visit: the partial unique index decides.
OPEN = """
INSERT INTO webhooks_transfer (
    lead_id, ordinal, event_id, state, profile_url, phone, idempotency_key, transfer_id, reason,
    opened_at, settled_at)
SELECT %(lead)s, 1 + coalesce(max(ordinal), 0), %(event)s, %(state)s, %(url)s, %(phone)s,
       %(key)s || '-' || (1 + coalesce(max(ordinal), 0)), '', %(reason)s,
       clock_timestamp(), CASE WHEN %(state)s <> 'requested' THEN clock_timestamp() END
FROM webhooks_transfer WHERE lead_id = %(lead)s
ON CONFLICT DO NOTHING RETURNING id
"""
# Counts what is on its way, so that a burst cannot slip through between two counts.
REQUESTED_LAST_HOUR = """
SELECT count(*) FROM webhooks_transfer
WHERE state IN ('requested', 'accepted', 'unknown')
  AND opened_at > clock_timestamp() - interval '1 hour'
"""


def current(*, lead_id: int) -> Transfer | None:
    """The visit that is open, if one is."""
    return Transfer.objects.filter(lead_id=lead_id, closed_at=None).first()


def open_visit(
    *,
    event: Event,
    state: Transfer.State,
    profile_url: str = "",
    phone: str = "",
    reason: str = "",
) -> Transfer | None:
    """Begin a visit with its one transfer; None where another event has begun it meanwhile.

    The idempotency key is the visit's: lead and ordinal.
    """
    arguments = {
        "lead": event.entity_id,
        "event": event.pk,
        "state": state.value,
        "url": profile_url,
        "phone": phone,
        "reason": reason,
        "key": f"amonition-lead-{event.entity_id}",
    }
    rows = statements.fetch(OPEN, arguments)
    return Transfer.objects.get(pk=rows[0][0]) if rows else None


def close_visit(*, lead_id: int) -> None:
    """The lead is in another status now. Its transfer goes on, whatever state it is in."""
    Transfer.objects.filter(lead_id=lead_id, closed_at=None).update(closed_at=timezone.now())


def mark_sent(*, transfer: Transfer) -> None:
    """The POST leaves now: from here on nobody knows, until an answer or a look-up says.

    By PostgreSQL's clock: the settle time is perhaps measured by another machine.
    """
    transfer.state, transfer.sent_at = Transfer.State.UNKNOWN, statements.now()
    transfer.save(update_fields=["state", "sent_at"])


def mark_not_sent(*, transfer: Transfer) -> None:
    """It did not leave, or was not executed, and the service said so."""
    transfer.state = Transfer.State.REQUESTED
    transfer.save(update_fields=["state"])


def settle(
    *, transfer: Transfer, state: Transfer.State, transfer_id: str = "", reason: str = ""
) -> None:
    """The outcome is known."""
    transfer.state, transfer.transfer_id, transfer.reason = state, transfer_id, reason
    transfer.settled_at = timezone.now()
    transfer.save(update_fields=["state", "transfer_id", "reason", "settled_at"])
    failpoints.reach("transfer.settled")


def requested_last_hour() -> int:
    """Transfers that were started, or are being started, within the last hour."""
    return int(statements.fetch(REQUESTED_LAST_HOUR, {})[0][0])
