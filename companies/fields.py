"""Which value goes into which field of amoCRM: the sixteen rows of docs/fields.md, as a table.

Fields are addressed by their codes and select values by their labels, so nothing here depends on
ids: a field that a manager deleted comes back under the same code, and the same body is right again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import ZoneInfo

from companies import normalising
from companies.profiles import SellerProfile

SELLER_ID = "AMONITION_SELLER_ID"
ATTEMPT = "AMONITION_ATTEMPT"
FEED_URL = "AMONITION_FEED_URL"
FEED_REQUEST = "AMONITION_FEED_REQUEST"
CATEGORIES = "AMONITION_CATEGORIES"
OTHER_STATUSES = "AMONITION_OFFERS_OTHER"
OFFERS_TOTAL = "AMONITION_OFFERS_TOTAL"
RESERVED_CODES = frozenset({OTHER_STATUSES, OFFERS_TOTAL})  # no status may take one of these
STATUS_PREFIX = "AMONITION_OFFERS_"
MOST_STATUS_FIELDS = 30  # beyond them statuses are summed in one field: accounts have few fields
TABLE_VERSION = 1  # raise when a row changes its meaning; every company is then sent once more

Value = str | int | tuple[str, ...] | None  # None clears the field
Plain = tuple[Sequence[Value], Mapping[str, int]]  # what ROWS say, and the counts: code -> offers
Field = dict[str, object]  # as amoCRM wants it: its code and its values


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One exported value. `value`: what a profile has to say, normalised.

    `kind` is amoCRM's type, None for a field that every account has. `enum_code`: which of the
    field's own sorts a value is, where it has sorts.
    """

    code: str
    kind: str | None
    label: str
    value: Callable[[SellerProfile, ZoneInfo], Value]
    enum_code: str | None = None


def _phone(profile: SellerProfile, _zone: ZoneInfo) -> Value:
    return normalising.phone(profile.phone)[0] if profile.phone else None


def _email(profile: SellerProfile, _zone: ZoneInfo) -> Value:
    return normalising.email(profile.email) if profile.email else None


def _first_visit(profile: SellerProfile, zone: ZoneInfo) -> Value:
    moment = profile.first_visit_at
    if moment is None:
        return None
    return normalising.day_stamp(normalising.calendar_day(moment, zone))


def _first_offer(profile: SellerProfile, zone: ZoneInfo) -> Value:
    moment = profile.first_offer_at
    if moment is None:
        return None
    return normalising.day_stamp(normalising.calendar_day(moment, zone))


# The company's name is not a custom field (`name_of`); a field per status joins these at run time.
ROWS: tuple[FieldRow, ...] = (
    FieldRow(SELLER_ID, "text", "ID продавца", lambda p, _: p.seller_id),
    FieldRow("PHONE", None, "Телефон", _phone, "WORK"),
    FieldRow("EMAIL", None, "Email", _email, "WORK"),
    FieldRow("ADDRESS", None, "Адрес", lambda p, _: p.sale_address or None),
    FieldRow("AMONITION_FIRST_VISIT", "date", "Первый заход", _first_visit),
    FieldRow("AMONITION_FIRST_OFFER", "date", "Первое объявление", _first_offer),
    FieldRow(OFFERS_TOTAL, "numeric", "Объявлений всего", lambda p, _: p.offers_total),
    FieldRow(FEED_URL, "url", "Фид (текущий)", lambda p, _: p.feed_url or None),
    FieldRow("AMONITION_AUTOLOAD", "checkbox", "Автозагрузка", lambda p, _: p.has_feed),
    FieldRow("AMONITION_FORM", "checkbox", "Форма", lambda p, _: p.has_form),
    FieldRow("AMONITION_USED", "checkbox", "б/у", lambda p, _: p.has_used),
    FieldRow("AMONITION_NEW", "checkbox", "новые", lambda p, _: p.has_new),
    FieldRow(CATEGORIES, "multiselect", "Категории", lambda p, _: p.categories or None),
    FieldRow("AMONITION_FEED_ERRORS", "url", "Ошибки фида", lambda p, _: p.feed_errors_url or None),
)
# Ours in amoCRM, but no part of the profile.
BESIDE = ((FEED_REQUEST, "url", "Загрузить фид"), (ATTEMPT, "text", "Попытка создания"))
API_ONLY = frozenset({ATTEMPT})


@dataclass(frozen=True, slots=True)
class FieldPlan:
    """The table as one run uses it.

    `statuses`: offer status -> field code, in the order of their positions; statuses outside it
    are summed in `OTHER_STATUSES` where `has_other`. `generation` changes when a field was lost
    in amoCRM, so that everything is sent once more.
    """

    zone: ZoneInfo
    statuses: Mapping[str, str]
    has_other: bool
    generation: int


def name_of(profile: SellerProfile) -> str:
    """The company's name; a seller without one is called by the id."""
    return profile.name or f"Продавец {profile.seller_id}"


def plain(profile: SellerProfile, plan: FieldPlan) -> Plain:
    """The values in the order of ROWS, then the counts, without amoCRM's wrapping.

    For the fingerprint, and for `values`. Of a million sellers nearly all are unchanged, and their
    bodies are never needed: some forty objects each, which the garbage collector would look through.
    """
    zone = plan.zone
    of_rows = [row.value(profile, zone) for row in ROWS]
    return of_rows, _counts(profile.offers_by_status, plan)


def values(mapped: Plain) -> list[Field]:
    """`custom_fields_values` of one company: every field of the table, cleared ones included."""
    of_rows, counts = mapped
    filled = [
        _text(row, value) if isinstance(value, str) else _shared(row.code, value)
        for row, value in zip(ROWS, of_rows, strict=True)
    ]
    filled += [_shared(code, count) for code, count in counts.items()]
    return filled


def _text(row: FieldRow, value: str) -> Field:
    if row.enum_code is None:
        return {"field_code": row.code, "values": [{"value": value}]}
    return {"field_code": row.code, "values": [{"value": value, "enum_code": row.enum_code}]}


@lru_cache(maxsize=20_000, typed=True)  # typed: a checkbox' True is not a count's 1
def _shared(code: str, value: int | tuple[str, ...] | None) -> Field:
    """One for all companies that say the same, nobody's to change: counts, days, checkboxes, choices
    and cleared fields are most of a body, and few."""
    match value:
        case None:
            return {"field_code": code, "values": None}
        case tuple():
            return {"field_code": code, "values": [{"value": each} for each in value]}
        case _:
            return {"field_code": code, "values": [{"value": value}]}


def _counts(found: Mapping[str, int], plan: FieldPlan) -> dict[str, int]:
    """Field code -> offers, in the order of the plan."""
    statuses = plan.statuses
    counts = {code: found.get(status, 0) for status, code in statuses.items()}
    if plan.has_other:
        counts[OTHER_STATUSES] = sum(
            count for status, count in found.items() if status not in statuses
        )
    return counts
