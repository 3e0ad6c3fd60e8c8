"""Companies in amoCRM.

https://www.amocrm.ru/developers/content/crm_platform/companies-api and .../filters-api
(checked 2026-11-22).
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import orjson

from clients.amocrm.changes import changed_since
from clients.amocrm.listing import MOST_PER_PAGE, Filters, Listing, Page, list_params
from clients.amocrm.records import CompanyRecord, company_record
from clients.amocrm.writing import (
    CompanyChange,
    CompanyDraft,
    WriteResult,
    company_ids,
    created,
    request_ids,
    updated,
)
from clients.calls import Call
from clients.errors import UnexpectedAnswerError
from clients.json_service import JsonService
from clients.pacing import Lane
from clients.transport import PATIENCE

PATH = "/api/v4/companies"


class Companies:
    """The companies of one account."""

    def __init__(self, service: JsonService) -> None:
        self._service = service

    def create(
        self,
        drafts: Sequence[CompanyDraft],
        *,
        lane: Lane,
        patience: float = PATIENCE,
        before_first_byte: Callable[[], float] | None = None,
    ) -> WriteResult:
        """POST 1 to 250 new companies. The same POST again makes the same companies again.

        `before_first_byte`: see `Transport.exchange`.
        """
        asked = request_ids(drafts)
        body = orjson.dumps([{**draft.body, "request_id": draft.request_id} for draft in drafts])
        call = Call("POST", PATH, body=body, writes=True, repeatable=False, items=len(drafts))
        return self._service.write(
            call,
            lambda found: created(found, asked),
            lane=lane,
            patience=patience,
            before_first_byte=before_first_byte,
        )

    def update(
        self, changes: Sequence[CompanyChange], *, lane: Lane, patience: float = PATIENCE
    ) -> WriteResult:
        """PATCH 1 to 250 companies with absolute values, so it may be repeated."""
        asked, by_company = request_ids(changes), company_ids(changes)
        body = orjson.dumps(
            [
                {**each.body, "id": each.company_id, "request_id": each.request_id}
                for each in changes
            ]
        )
        call = Call("PATCH", PATH, body=body, writes=True, items=len(changes))
        return self._service.write(
            call,
            lambda found: updated(found, asked, by_company),
            lane=lane,
            patience=patience,
        )

    def get(
        self, company_id: int, *, lane: Lane, patience: float = PATIENCE
    ) -> CompanyRecord | None:
        """One company; None where amoCRM knows none of this id (204). It may be `is_deleted`."""
        call = Call("GET", f"{PATH}/{company_id}")
        return self._service.read(call, company_record, lane=lane, patience=patience)

    def page(
        self,
        *,
        lane: Lane,
        page: int = 1,
        limit: int = MOST_PER_PAGE,
        query: str | None = None,
        order: tuple[str, str] = ("id", "desc"),
        filters: Filters | None = None,
        patience: float = PATIENCE,
    ) -> Page[CompanyRecord]:
        """One page of a list.

        `query` finds substrings in all fields and lags behind writes: check what it finds.
        `filters` are not open to every account, and one that has none may ignore them.
        """
        params = list_params(order=order, filters=filters)
        if query is not None:
            params.append(("query", query))
        return _listing(params).page(
            self._service, page=page, limit=limit, lane=lane, patience=patience
        )

    def changed_since(
        self, moment: int, *, lane: Lane, patience: float = PATIENCE
    ) -> Iterator[CompanyRecord]:
        """Every company that was changed at `moment` (unix seconds) or later; see `changes`."""
        return changed_since(_listing, self._service, moment=moment, lane=lane, patience=patience)

    def scan_newest(
        self, *, lane: Lane, until_id: int, patience: float = PATIENCE
    ) -> Iterator[CompanyRecord]:
        """Every company with an id above `until_id`, newest first, each once.

        Absence is proved by a scan that ended: one that could not end raises, also where amoCRM
        does not keep the order. A company that comes during the scan shifts others to a later
        page, where they are met again; one that is deleted during it can shift another out of
        sight, so what was not found has to be not found twice.
        """
        lowest: int | None = None
        listing = _listing([("order[id]", "desc")])
        for page in listing.pages(self._service, lane=lane, patience=patience):
            _check_descending(page.records, self._service.name)
            for record in page.records:
                if record.company_id <= until_id:
                    return
                if lowest is None or record.company_id < lowest:
                    lowest = record.company_id
                    yield record


def _listing(params: Sequence[tuple[str, str]]) -> Listing[CompanyRecord]:
    return Listing(PATH, "companies", company_record, params)


def _check_descending(records: Sequence[CompanyRecord], service: str) -> None:
    ids = [record.company_id for record in records]
    if any(after >= before for before, after in pairwise(ids)):
        raise UnexpectedAnswerError(
            service=service, call=f"GET {PATH}", detail="not in the order that was asked for"
        )
