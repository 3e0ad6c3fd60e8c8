"""The field in which managers ask for a feed to be loaded: read from the card, cleared after the load."""

from dataclasses import dataclass

from clients.amocrm.client import AmoCrm
from clients.amocrm.records import CompanyRecord
from clients.amocrm.writing import CompanyChange
from clients.pacing import Lane
from companies import own_writes
from companies.fields import FEED_REQUEST, FEED_URL


@dataclass(frozen=True, slots=True)
class FeedWish:
    """What a card asks for. `requested`: by the manager's field; else by a button, for `url` as it is."""

    url: str
    requested: bool


def wish_of(company: CompanyRecord, *, by_button: bool) -> FeedWish | None:
    """What the card asks for now; None: nothing."""
    if requested := company.text(FEED_REQUEST).strip():
        return FeedWish(requested, requested=True)
    current = company.text(FEED_URL).strip()
    return FeedWish(current, requested=False) if by_button and current else None


def clear(*, client: AmoCrm, company_id: int, url: str) -> None:
    """Empty the field after the load, unless a manager has asked for something else meanwhile.

    Safe to repeat. Raises ServiceError, PacingError.
    """
    company = client.companies.get(company_id, lane=Lane.INTERACTIVE)
    if company is None or company.is_deleted or company.text(FEED_REQUEST).strip() != url:
        return
    body = {"custom_fields_values": [{"field_code": FEED_REQUEST, "values": None}]}
    change = CompanyChange(request_id="0", company_id=company_id, body=body)
    with own_writes.underway(companies=[company_id]) as write:
        result = client.companies.update([change], lane=Lane.INTERACTIVE)
        times = [written.updated_at for written in result.written.values() if written.updated_at]
        own_writes.finish(write=write, updated_at=max(times, default=None))
