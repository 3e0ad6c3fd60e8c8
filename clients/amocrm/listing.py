"""Lists of amoCRM, page by page.

https://www.amocrm.ru/developers/content/crm_platform/api-reference (checked 2026-11-22): `page`
counts from 1, `limit` is at most 250, `_links.next` says that there is another page, 204 that
there is nothing; there is no total.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from clients.calls import Call
from clients.errors import TransientError, UnexpectedAnswerError
from clients.json_service import JsonService
from clients.pacing import Lane
from clients.shapes import JsonObject, child, objects
from clients.transport import PATIENCE

T = TypeVar("T")

# ("updated_at", "from"): 5 is filter[updated_at][from]=5; ("id",): [1, 2] is filter[id][]=1&...
Filters = Mapping[tuple[str, ...], str | int | Sequence[str | int]]

MOST_PER_PAGE = 250  # amoCRM's own limit
MOST_PAGES = 8000  # two million cards; a list without an end is a fault


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A part of a list."""

    records: Sequence[T]
    has_next: bool


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """A list: where it is, under what name its items come, and what each of them is."""

    path: str
    name: str
    shape: Callable[[JsonObject], T]
    params: Sequence[tuple[str, str]] = ()

    def page(
        self,
        service: JsonService,
        *,
        page: int = 1,
        limit: int = MOST_PER_PAGE,
        lane: Lane,
        patience: float = PATIENCE,
    ) -> Page[T]:
        """One page; past the end an empty one."""
        numbers = (("page", str(page)), ("limit", str(limit)))
        call = Call("GET", self.path, params=(*self.params, *numbers))
        return service.read(call, self._page, lane=lane, patience=patience) or Page((), False)

    def pages(
        self,
        service: JsonService,
        *,
        lane: Lane,
        patience: float = PATIENCE,
        most_pages: int = MOST_PAGES,
    ) -> Iterator[Page[T]]:
        """All pages, each asked for when it is wanted. A list that did not end raises.

        TransientError where a promised page is not there (amoCRM has been seen to answer 204 in
        the middle), UnexpectedAnswerError where there are more pages than `most_pages`.
        """
        for number in range(1, most_pages + 1):
            page = self.page(service, page=number, lane=lane, patience=patience)
            if number > 1 and not page.records:
                raise TransientError(
                    service=service.name,
                    call=f"GET {self.path}",
                    detail=f"page {number} is empty, though page {number - 1} promised it",
                )
            yield page
            if not page.has_next:
                return
        raise UnexpectedAnswerError(
            service=service.name, call=f"GET {self.path}", detail=f"no end in {most_pages} pages"
        )

    def whole(
        self, service: JsonService, *, lane: Lane, patience: float = PATIENCE
    ) -> tuple[T, ...]:
        """Everything that is in it, for lists that fit the memory; raises like `pages`."""
        pages = self.pages(service, lane=lane, patience=patience)
        return tuple(record for page in pages for record in page.records)

    def _page(self, found: JsonObject) -> Page[T]:
        records = [self.shape(item) for item in objects(child(found, "_embedded"), self.name)]
        has_next = bool(child(child(found, "_links"), "next").get("href"))
        return Page(records, has_next)


def list_params(*, order: tuple[str, str], filters: Filters | None) -> list[tuple[str, str]]:
    """The order, and PHP's way of writing nested arrays into a query string."""
    params = [(f"order[{order[0]}]", order[1])]
    for path, wanted in (filters or {}).items():
        name = "filter" + "".join(f"[{step}]" for step in path)
        if isinstance(wanted, str | int):
            params.append((name, str(wanted)))
        else:
            params.extend((f"{name}[]", str(value)) for value in wanted)
    return params
