"""Which value goes into which field of amoCRM: the sixteen rows of docs/fields.md, as a table.

Fields are addressed by their codes and select values by their labels, so nothing here depends on
ids: a field that a manager deleted comes back under the same code, and the same body is right again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from companies import normalising
from companies.profiles import SellerProfile

SELLER_ID = "AMONITION_SELLER_ID"
ATTEMPT = "AMONITION_ATTEMPT"
FEED_REQUEST = "AMONITION_FEED_REQUEST"
CATEGORIES = "AMONITION_CATEGORIES"
OTHER_STATUSES = "AMONITION_OFFERS_OTHER"
OFFERS_TOTAL = "AMONITION_OFFERS_TOTAL"
RESERVED_CODES = frozenset({OTHER_STATUSES, OFFERS_TOTAL})  # no status may take one of these
STATUS_PREFIX = "AMONITION_OFFERS_"
MOST_STATUS_FIELDS = 30  # beyond them statuses are summed in one field: accounts have few fields
TABLE_VERSION = 1  # raise when a row changes its meaning; every company is then sent once more

FieldValues = list[dict[str, object]] | None


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One exported value. `values`: what amoCRM gets for a profile; None clears the field.

    `kind` is amoCRM's type, None for a field that every account has.
    """

    code: str
    kind: str | None
    label: str
    values: Callable[[SellerProfile, ZoneInfo], FieldValues]


def _one(value: object | None) -> FieldValues:
    return None if value is None or value == "" else [{"value": value}]


def _work(value: str | None) -> FieldValues:
    return None if not value else [{"value": value, "enum_code": "WORK"}]


def _phone(profile: SellerProfile, _zone: ZoneInfo) -> FieldValues:
    return _work(normalising.phone(profile.phone)[0] if profile.phone else None)


def _email(profile: SellerProfile, _zone: ZoneInfo) -> FieldValues:
    return _work(normalising.email(profile.email) if profile.email else None)


def _first_visit(profile: SellerProfile, zone: ZoneInfo) -> FieldValues:
    moment = profile.first_visit_at
    if moment is None:
        return None
    return _one(normalising.day_stamp(normalising.calendar_day(moment, zone)))


def _first_offer(profile: SellerProfile, zone: ZoneInfo) -> FieldValues:
    moment = profile.first_offer_at
    if moment is None:
        return None
    return _one(normalising.day_stamp(normalising.calendar_day(moment, zone)))


def _categories(profile: SellerProfile, _zone: ZoneInfo) -> FieldValues:
    return [{"value": category} for category in profile.categories] or None


# The company's name is not a custom field (`name_of`); a field per status joins these at run time.
ROWS: tuple[FieldRow, ...] = (
    FieldRow(SELLER_ID, "text", "ID продавца", lambda p, _: _one(p.seller_id)),
    FieldRow("PHONE", None, "Телефон", _phone),
    FieldRow("EMAIL", None, "Email", _email),
    FieldRow("ADDRESS", None, "Адрес", lambda p, _: _one(p.sale_address)),
    FieldRow("AMONITION_FIRST_VISIT", "date", "Первый заход", _first_visit),
    FieldRow("AMONITION_FIRST_OFFER", "date", "Первое объявление", _first_offer),
    FieldRow(OFFERS_TOTAL, "numeric", "Объявлений всего", lambda p, _: _one(p.offers_total)),
    FieldRow("AMONITION_FEED_URL", "url", "Фид (текущий)", lambda p, _: _one(p.feed_url)),
    FieldRow("AMONITION_AUTOLOAD", "checkbox", "Автозагрузка", lambda p, _: _one(p.has_feed)),
    FieldRow("AMONITION_FORM", "checkbox", "Форма", lambda p, _: _one(p.has_form)),
    FieldRow("AMONITION_USED", "checkbox", "б/у", lambda p, _: _one(p.has_used)),
    FieldRow("AMONITION_NEW", "checkbox", "новые", lambda p, _: _one(p.has_new)),
    FieldRow(CATEGORIES, "multiselect", "Категории", _categories),
    FieldRow("AMONITION_FEED_ERRORS", "url", "Ошибки фида", lambda p, _: _one(p.feed_errors_url)),
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


def values(profile: SellerProfile, plan: FieldPlan) -> list[dict[str, object]]:
    """`custom_fields_values` of one company: every field of the table, cleared ones included."""
    filled: list[dict[str, object]] = [
        {"field_code": row.code, "values": row.values(profile, plan.zone)} for row in ROWS
    ]
    filled.extend(_status_values(profile.offers_by_status, plan))
    return filled


def _status_values(counts: Mapping[str, int], plan: FieldPlan) -> Sequence[dict[str, object]]:
    statuses = plan.statuses
    values: list[dict[str, object]] = [
        {"field_code": code, "values": [{"value": counts.get(status, 0)}]}
        for status, code in statuses.items()
    ]
    if plan.has_other:
        rest = sum(count for status, count in counts.items() if status not in statuses)
        values.append({"field_code": OTHER_STATUSES, "values": [{"value": rest}]})
    return values
