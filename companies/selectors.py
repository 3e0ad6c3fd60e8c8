"""Reads of companies that have a name."""

from companies.models import SellerSync


def created_by(*, run_id: int) -> int:
    """How many companies the run's attempts have brought into being, late answers included."""
    return SellerSync.objects.filter(attempt__run_id=run_id, state=SellerSync.State.LINKED).count()
