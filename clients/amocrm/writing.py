"""What is written about companies, and which of it amoCRM confirmed."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from clients.shapes import JsonObject, child, objects

logger = logging.getLogger(__name__)

MOST_ITEMS = 250  # per write; amoCRM answers 422 to more


@dataclass(frozen=True, slots=True)
class CompanyDraft:
    """A company to be created. `body`: `name`, `custom_fields_values`, JSON-ready."""

    request_id: str
    body: Mapping[str, object] = field(repr=False)


@dataclass(frozen=True, slots=True)
class CompanyChange:
    """What is to be changed in a company; what `body` does not name stays as it is."""

    request_id: str
    company_id: int
    body: Mapping[str, object] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Written:
    """One company as amoCRM confirmed it. `updated_at`: unix seconds, where it told."""

    company_id: int
    updated_at: int | None


@dataclass(frozen=True, slots=True)
class WriteResult:
    """Both by request_id. `missing`: a 2xx that does not mention them, so nobody knows."""

    written: Mapping[str, Written]
    missing: frozenset[str]


def request_ids(items: Sequence[CompanyDraft] | Sequence[CompanyChange]) -> frozenset[str]:
    """The names by which a write's items are told apart; ValueError where they are not."""
    if not 1 <= len(items) <= MOST_ITEMS:
        raise ValueError(f"{len(items)} items in one write, not 1 to {MOST_ITEMS}")
    ids = frozenset(item.request_id for item in items)
    if len(ids) < len(items):
        raise ValueError("a request_id is there twice")
    return ids


def company_ids(changes: Sequence[CompanyChange]) -> Mapping[int, str]:
    """company_id -> request_id; ValueError where a company is to be changed twice."""
    ids = {change.company_id: change.request_id for change in changes}
    if len(ids) < len(changes):
        raise ValueError("a company is there twice")
    return ids


def created(found: JsonObject, asked: frozenset[str]) -> WriteResult:
    """Answer items matched by the request_id that amoCRM echoes, never by their order."""

    def request_id(item: JsonObject) -> str | None:
        echoed = item.get("request_id")
        return echoed if isinstance(echoed, str) and echoed in asked else None

    return _result(found, asked, request_id)


def updated(found: JsonObject, asked: frozenset[str], by_company: Mapping[int, str]) -> WriteResult:
    """Answer items matched by company: some hosts echo no request_id after a PATCH."""

    def request_id(item: JsonObject) -> str | None:
        company_id = item.get("id")
        return by_company.get(company_id) if isinstance(company_id, int) else None

    return _result(found, asked, request_id)


def _result(
    found: JsonObject, asked: frozenset[str], request_id_of: Callable[[JsonObject], str | None]
) -> WriteResult:
    """What is not one company for one request_id that was asked for, is left out."""
    written: dict[str, Written] = {}
    companies: set[int] = set()
    items = objects(child(found, "_embedded"), "companies")
    for item in items:
        request_id, company_id = request_id_of(item), item.get("id")
        if request_id is None or request_id in written:
            continue
        if not isinstance(company_id, int) or company_id in companies:
            continue
        companies.add(company_id)
        updated_at = item.get("updated_at")
        told = updated_at if isinstance(updated_at, int) else None
        written[request_id] = Written(company_id, told)
    if len(written) < len(items):
        logger.warning("amocrm.strange_items", extra={"items": len(items) - len(written)})
    return WriteResult(written, asked - written.keys())
