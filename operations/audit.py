"""The journal of operators' actions."""

from operations.models import AuditEntry


def record(*, who: str, action: str, target: str, details: dict[str, object] | None = None) -> None:
    """Write one line of the journal, within the caller's transaction."""
    AuditEntry.objects.create(who=who, action=action, target=target, details=details or {})
