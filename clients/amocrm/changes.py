"""What was changed in the account: read after a gap, in which amoCRM's events did not come.

https://www.amocrm.ru/developers/content/crm_platform/filters-api (checked 2026-11-22). Filters are
not open to every account, and one that has none may ignore them and list everything.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

from clients.amocrm.listing import Filters, Listing, list_params
from clients.errors import UnexpectedAnswerError
from clients.json_service import JsonService
from clients.pacing import Lane


class Card(Protocol):
    """A company or a lead."""

    @property
    def updated_at(self) -> int | None: ...


C = TypeVar("C", bound=Card)


def changed_since(
    listing: Callable[[Sequence[tuple[str, str]]], Listing[C]],
    service: JsonService,
    *,
    moment: int,
    lane: Lane,
    patience: float,
) -> Iterator[C]:
    """Every card that was changed at `moment` (unix seconds) or later, page by page, by their ids.

    A card that is changed meanwhile keeps its place among the ids or gets one, and shifts others
    to a later page, where they are met again: so one may come twice, and none is skipped. (In the
    order of `updated_at` it would go to the end, and the next page would begin one too late.) Only
    a card that is deleted meanwhile can shift another out of sight. The index of lists lags behind
    writes, so `moment` should lie before the gap.

    Raises UnexpectedAnswerError where the filter was ignored, and like `Listing.pages` where the
    list did not end.
    """
    filters: Filters = {("updated_at", "from"): moment}
    changed = listing(list_params(order=("id", "asc"), filters=filters))
    for page in changed.pages(service, lane=lane, patience=patience):
        for card in page.records:
            if card.updated_at is not None and card.updated_at < moment:
                raise UnexpectedAnswerError(
                    service=service.name, call=f"GET {changed.path}", detail="filter ignored"
                )
            yield card
