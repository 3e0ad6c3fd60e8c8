"""Reading all companies that are newer than an id, newest first, a bounded stretch at a time.

After a large load that is more than one task may read, so the place is kept in a row. Companies
that come meanwhile push others to later pages, where they are met again: going on from a page
repeats companies and skips none. (One that is deleted meanwhile may; so absence is read twice.)
"""

from collections.abc import Iterator
from datetime import datetime

from clients.amocrm.client import AmoCrm
from clients.amocrm.records import CompanyRecord
from clients.pacing import Lane
from companies.models import Watermark
from operations import statements

MOST_PAGES = 100  # a stretch: at 7 requests/s and an answer of 0.3 s half a minute


class Scan:
    """One stretch of the scan down to `floor`.

    After `records` has been read to its end: `is_complete`, and then everything newer than `floor`
    has been seen since `started_at`.
    """

    def __init__(self, *, client: AmoCrm, floor: int, most_pages: int = MOST_PAGES) -> None:
        self._client = client
        self._most_pages = most_pages
        self._floor = floor
        self._row = Watermark.objects.get()
        if self._row.scan_started_at is None:
            self._keep(page=1, started_at=statements.now())
        self.is_complete = False

    @property
    def started_at(self) -> datetime:
        """When the first page was read."""
        return self._row.scan_started_at or statements.now()

    def records(self) -> Iterator[CompanyRecord]:
        """The companies of this stretch, some of them perhaps twice."""
        started_at, first = self.started_at, self._row.scan_page
        for number in range(first, first + self._most_pages):
            page = self._client.companies.page(lane=Lane.BULK, page=number)
            yield from page.records
            oldest = min((record.company_id for record in page.records), default=0)
            if not page.has_next or oldest <= self._floor:
                self.is_complete = True
                self._keep(page=1, started_at=None)
                self._row.scan_started_at = started_at
                return
            self._keep(page=number + 1, started_at=started_at)

    def _keep(self, *, page: int, started_at: datetime | None) -> None:
        self._row.scan_page, self._row.scan_started_at = page, started_at
        self._row.save(update_fields=["scan_page", "scan_started_at"])
