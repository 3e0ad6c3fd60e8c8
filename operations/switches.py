"""Switches: read by services, turned by operators."""

from django.db import transaction

from operations import audit
from operations.models import Switch


def is_on(key: Switch.Key) -> bool:
    """A switch that was never turned is off."""
    return Switch.objects.filter(key=key, on=True).exists()


def reason(key: Switch.Key) -> str | None:
    """Why a switch is on; None where it is off."""
    return Switch.objects.filter(key=key, on=True).values_list("reason", flat=True).first()


@transaction.atomic
def turn(*, key: Switch.Key, on: bool, who: str, reason: str = "") -> None:
    """Turn a switch and write down who did it."""
    Switch.objects.update_or_create(
        key=key, defaults={"on": on, "reason": reason if on else "", "changed_by": who}
    )
    audit.record(
        who=who, action="switch_on" if on else "switch_off", target=key, details={"reason": reason}
    )
