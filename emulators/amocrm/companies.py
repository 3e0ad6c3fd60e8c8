"""Companies as the account keeps them."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from emulators.amocrm.values import Stored

FIRST_ID = 40_000_001
NAMELESS = "Название компании не указано"


@dataclass(slots=True)
class Draft:
    """What one item of a batch asks for, validated. `values` by the slot of the field."""

    request_id: str
    id: int | None = None
    name: str | None = None
    attributes: dict[str, int] = field(default_factory=dict)
    values: dict[int, Stored] = field(default_factory=dict)
    tags: Sequence[str] | None = None
    tags_to_add: Sequence[str] = ()
    tags_to_delete: Sequence[str] = ()


class Company:
    """`values` by the slot of the field; they are kept as one block of JSON, because a million
    small objects between those of the requests would spoil the memory for these.
    `writes`: how often the company was written through the API.

    While the index lags, lists show `indexed` (None: nothing yet) until `indexed_at`.
    """

    __slots__ = (
        "created_at",
        "created_by",
        "id",
        "indexed",
        "indexed_at",
        "is_deleted",
        "name",
        "packed_values",
        "responsible_user_id",
        "tags",
        "updated_at",
        "updated_by",
        "writes",
    )

    def __init__(self, id: int, *, now: float, user: int) -> None:
        self.id = id
        self.name = NAMELESS
        self.responsible_user_id = user
        self.created_by = user
        self.updated_by = user
        self.created_at = self.updated_at = int(now)
        self.is_deleted = False
        self.packed_values = b"[]"
        self.tags: tuple[str, ...] = ()
        self.writes = 0
        self.indexed: Company | None = None
        self.indexed_at = 0.0

    def copy(self) -> "Company":
        twin = Company(self.id, now=0, user=0)
        for name in self.__slots__:
            setattr(twin, name, getattr(self, name))
        twin.indexed = None
        return twin

    @property
    def values(self) -> list[Stored]:
        values: list[Stored] = orjson.loads(self.packed_values)
        return values

    def value(self, slot: int) -> Stored:
        values = self.values
        return values[slot] if slot < len(values) else None

    def apply(self, draft: Draft) -> None:
        """Only what the draft mentions changes; a field's value is replaced as a whole."""
        if draft.name is not None:
            self.name = draft.name
        if draft.attributes:
            for name, value in draft.attributes.items():
                setattr(self, name, value)
        if draft.values:
            self._replace(draft.values)
        if draft.tags is not None:
            self.tags = tuple(dict.fromkeys(draft.tags))
        if draft.tags_to_add or draft.tags_to_delete:
            kept = [tag for tag in self.tags if tag not in draft.tags_to_delete]
            self.tags = tuple(dict.fromkeys([*kept, *draft.tags_to_add]))

    def _replace(self, changed: dict[int, Stored]) -> None:
        values = self.values
        values.extend([None] * (max(changed) + 1 - len(values)))
        for slot, stored in changed.items():
            values[slot] = stored
        self.packed_values = bytes(memoryview(orjson.dumps(values)))  # without its spare room


class CompanyBook:
    """Ids grow with time, as amoCRM's do."""

    def __init__(self) -> None:
        self.by_id: dict[int, Company] = {}
        self._live: list[int] = []
        self._next_id = FIRST_ID

    @property
    def live_count(self) -> int:
        return len(self._live)

    def live(self, company_id: int) -> Company | None:
        company = self.by_id.get(company_id)
        return None if company is None or company.is_deleted else company

    def live_companies(self, *, newest_first: bool = False) -> Iterator[Company]:
        ids = reversed(self._live) if newest_first else iter(self._live)
        return (self.by_id[company_id] for company_id in ids)

    def page(self, span: slice, *, newest_first: bool) -> list[Company]:
        """A stretch of the live companies by id."""
        count = len(self._live)
        start, stop, _ = span.indices(count)
        ids = self._live[count - stop : count - start][::-1] if newest_first else self._live[span]
        return [self.by_id[company_id] for company_id in ids]

    def after(self, company_id: int, limit: int) -> list[Company]:
        """The next companies by id, deleted ones too."""
        ids = list(self.by_id)  # grows with time, so it is sorted
        start = bisect_right(ids, company_id)
        return [self.by_id[each] for each in ids[start : start + limit]]

    def create(self, draft: Draft, *, now: float, lag: float, user: int) -> Company:
        company = Company(self._next_id, now=now, user=user)
        self._next_id += 1
        company.apply(draft)
        company.indexed_at = now + lag
        self.by_id[company.id] = company
        self._live.append(company.id)
        return company

    def update(self, company: Company, draft: Draft, *, now: float, lag: float, user: int) -> None:
        self._keep_indexed(company, now=now, lag=lag)
        company.updated_at = int(now)
        company.updated_by = user
        company.apply(draft)

    def delete(self, company: Company, *, now: float) -> None:
        company.is_deleted = True
        company.updated_at = int(now)
        del self._live[bisect_left(self._live, company.id)]

    def restore(self, company: Company, *, now: float, user: int) -> None:
        company.is_deleted = False
        company.updated_at, company.updated_by = int(now), user
        insort(self._live, company.id)

    def merge(self, *, keep: Company, drop: Company, now: float, lag: float, user: int) -> None:
        """What `keep` does not have it takes from `drop`, which is deleted."""
        missing: dict[int, Stored] = {
            slot: stored
            for slot, stored in enumerate(drop.values)
            if stored is not None and keep.value(slot) is None
        }
        draft = Draft("", values=missing, tags_to_add=drop.tags)
        self.update(keep, draft, now=now, lag=lag, user=user)
        self.delete(drop, now=now)

    def sellers(self, slot: int | None) -> dict[str, list[int]]:
        """Seller id to its live companies."""
        found: dict[str, list[int]] = {}
        if slot is None:
            return found
        for company in self.live_companies():
            seller = company.value(slot)
            if isinstance(seller, str):
                found.setdefault(seller, []).append(company.id)
        return found

    def _keep_indexed(self, company: Company, *, now: float, lag: float) -> None:
        if not lag:
            return
        if company.indexed_at <= now:
            company.indexed = company.copy()
        company.indexed_at = now + lag


def as_indexed(company: Company, now: float) -> Company | None:
    """What a list knows of a company; None while it is too new for the index."""
    return company if company.indexed_at <= now else company.indexed


def audited(company: Company, fields: dict[str, Any]) -> dict[str, Any]:
    """The whole state of a company, for judges."""
    return {
        "id": company.id,
        "name": company.name,
        "is_deleted": company.is_deleted,
        "responsible_user_id": company.responsible_user_id,
        "created_at": company.created_at,
        "updated_at": company.updated_at,
        "tags": list(company.tags),
        "writes": company.writes,
        "fields": fields,
    }
