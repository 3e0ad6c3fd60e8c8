"""Changes of whole campaigns: what waits or is at work, and what has ended lately."""

from django.http import HttpRequest

from organizations import overview
from organizations.admin import tables
from organizations.admin.pages import Context, page


@page(
    title="Изменения кампаний",
    template="organizations/tables.html",
    permission="organizations.view_campaignchange",
)
def changes(request: HttpRequest) -> Context:  # noqa: ARG001 - every page's signature
    """Of all shards."""
    found = overview.changes()
    shown = (
        tables.made("Ещё не закончены", tables.CHANGES, found, "open"),
        tables.made("Закончены", tables.CHANGES, found, "ended"),
    )
    return {"tables": shown, "failures": found.failures}
