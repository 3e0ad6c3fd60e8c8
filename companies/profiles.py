"""The seller profile: everything that is exported about one seller (docs/fields.md)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

LONGEST_VALUE = (
    32_768  # characters; nothing a person wrote is longer, and amoCRM's limit is unknown
)


class SellerProfile(NamedTuple):
    """One seller as our services see them at `as_of`. Empty means empty: None is written as a cleared field.

    A tuple, as SellerRow is: a frozen dataclass of so many fields takes three times as long to make.
    """

    seller_id: str
    as_of: datetime
    name: str | None
    phone: str | None
    email: str | None
    sale_address: str | None
    first_visit_at: datetime | None
    first_offer_at: datetime | None
    offers_total: int
    offers_by_status: Mapping[str, int]
    feed_url: str | None
    feed_errors_url: str | None
    has_feed: bool
    has_form: bool
    has_used: bool
    has_new: bool
    categories: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Defect:
    """Why a profile cannot be exported. `path` names the value, `detail` says what to do."""

    code: str
    path: str
    detail: str


def find_defect(profile: SellerProfile) -> Defect | None:
    """What would cost a whole write (a NUL, a value without end), found before it is sent."""
    texts = {
        "seller_id": profile.seller_id,
        "name": profile.name,
        "phone": profile.phone,
        "email": profile.email,
        "sale_address": profile.sale_address,
        "feed_url": profile.feed_url,
        "feed_errors_url": profile.feed_errors_url,
    }
    for path, value in texts.items():
        if value is None:
            continue
        if "\x00" in value:
            return Defect("NulByte", path, "В значении нулевой байт: исправьте данные продавца")
        if len(value) > LONGEST_VALUE:
            detail = f"{len(value)} символов, можно {LONGEST_VALUE}: исправьте данные продавца"
            return Defect("TooLong", path, detail)
    return None
