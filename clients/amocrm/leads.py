"""Leads and the pipelines they move through.

https://www.amocrm.ru/developers/content/crm_platform/leads-api and .../leads_pipelines
(checked 2026-11-22).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from clients.amocrm.changes import changed_since
from clients.amocrm.listing import MOST_PER_PAGE, Filters, Listing, Page, list_params
from clients.amocrm.records import FieldValue, field_keys, field_values, plain_name
from clients.calls import Call
from clients.json_service import JsonService
from clients.pacing import Lane
from clients.shapes import (
    JsonObject,
    child,
    flag,
    integer,
    integer_or_none,
    objects,
    objects_or_none,
    text,
    text_or_none,
)
from clients.transport import PATIENCE

PATH = "/api/v4/leads"


@dataclass(frozen=True, slots=True)
class Status:
    """A stage. Its id alone says little: 142 (won) and 143 (lost) are in every pipeline."""

    pipeline_id: int
    status_id: int
    name: str


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A row of stages."""

    pipeline_id: int
    name: str
    is_archive: bool
    statuses: tuple[Status, ...]


@dataclass(frozen=True, slots=True)
class LeadRecord:
    """A lead. `fields`: as in a CompanyRecord; `keys`: see `field_keys`.

    A lead has at most one company.
    """

    lead_id: int
    name: str
    pipeline_id: int
    status_id: int
    company_id: int | None
    created_at: int | None
    updated_at: int | None
    is_deleted: bool
    fields: Mapping[str, tuple[FieldValue, ...]]
    keys: Mapping[str, str]

    def text(self, wanted: str) -> str:
        """The first value of the field of this id, code or name; empty where it is not filled."""
        values = self.fields.get(self.keys.get(plain_name(wanted), ""), ())
        return str(values[0]) if values else ""


class Leads:
    """The leads of one account."""

    def __init__(self, service: JsonService) -> None:
        self._service = service

    def pipelines(self, *, lane: Lane, patience: float = PATIENCE) -> tuple[Pipeline, ...]:
        """All pipelines with their stages; amoCRM gives them on one page."""
        call = Call("GET", f"{PATH}/pipelines")
        found = self._service.read(call, _pipelines, lane=lane, patience=patience)
        return found or ()

    def get(self, lead_id: int, *, lane: Lane, patience: float = PATIENCE) -> LeadRecord | None:
        """One lead; None where amoCRM knows none of this id (204)."""
        call = Call("GET", f"{PATH}/{lead_id}")
        return self._service.read(call, _lead, lane=lane, patience=patience)

    def page(
        self,
        *,
        lane: Lane,
        page: int = 1,
        limit: int = MOST_PER_PAGE,
        order: tuple[str, str] = ("id", "desc"),
        filters: Filters | None = None,
        patience: float = PATIENCE,
    ) -> Page[LeadRecord]:
        """One page of a list. `filters`: as in `Companies.page`."""
        return _listing(list_params(order=order, filters=filters)).page(
            self._service, page=page, limit=limit, lane=lane, patience=patience
        )

    def changed_since(
        self, moment: int, *, lane: Lane, patience: float = PATIENCE
    ) -> Iterator[LeadRecord]:
        """Every lead that was changed at `moment` (unix seconds) or later; see `changes`."""
        return changed_since(_listing, self._service, moment=moment, lane=lane, patience=patience)


def _listing(params: Sequence[tuple[str, str]]) -> Listing[LeadRecord]:
    return Listing(PATH, "leads", _lead, params)


def _pipelines(found: JsonObject) -> tuple[Pipeline, ...]:
    return tuple(_pipeline(each) for each in objects(child(found, "_embedded"), "pipelines"))


def _pipeline(found: JsonObject) -> Pipeline:
    pipeline_id = integer(found, "id")
    statuses = objects(child(found, "_embedded"), "statuses")
    return Pipeline(
        pipeline_id=pipeline_id,
        name=text(found, "name"),
        is_archive=flag(found, "is_archive"),
        statuses=tuple(
            Status(pipeline_id, integer(each, "id"), text(each, "name")) for each in statuses
        ),
    )


def _lead(found: JsonObject) -> LeadRecord:
    companies = objects_or_none(child(found, "_embedded"), "companies")
    return LeadRecord(
        lead_id=integer(found, "id"),
        name=text_or_none(found, "name") or "",
        pipeline_id=integer(found, "pipeline_id"),
        status_id=integer(found, "status_id"),
        company_id=integer(companies[0], "id") if companies else None,
        created_at=integer_or_none(found, "created_at"),
        updated_at=integer_or_none(found, "updated_at"),
        is_deleted=flag(found, "is_deleted"),
        fields=field_values(found),
        keys=field_keys(found),
    )
