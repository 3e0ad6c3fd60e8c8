"""Leads and the pipelines they move through.

https://www.amocrm.ru/developers/content/crm_platform/leads-api and .../leads_pipelines
(checked 2026-11-22).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from clients.amocrm.records import FieldValue, field_values
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
    """A lead. `fields`: as in a CompanyRecord. A lead has at most one company."""

    lead_id: int
    name: str
    pipeline_id: int
    status_id: int
    company_id: int | None
    created_at: int | None
    updated_at: int | None
    is_deleted: bool
    fields: Mapping[str, tuple[FieldValue, ...]]


class Leads:
    """The leads of one account."""

    def __init__(self, service: JsonService) -> None:
        self._service = service

    def pipelines(self, *, lane: Lane, patience: float = PATIENCE) -> tuple[Pipeline, ...]:
        """All pipelines with their stages; amoCRM gives them on one page."""
        call = Call("GET", "/api/v4/leads/pipelines")
        found = self._service.read(call, _pipelines, lane=lane, patience=patience)
        return found or ()

    def get(self, lead_id: int, *, lane: Lane, patience: float = PATIENCE) -> LeadRecord | None:
        """One lead; None where amoCRM knows none of this id (204)."""
        call = Call("GET", f"/api/v4/leads/{lead_id}")
        return self._service.read(call, _lead, lane=lane, patience=patience)


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
    )
