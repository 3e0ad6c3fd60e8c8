"""Builders of what tests need. factory_boy is untyped, so each factory has a typed face."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import factory

from companies import exports
from companies.exports import Export
from companies.fields import FieldPlan
from companies.profiles import SellerProfile

MOSCOW = ZoneInfo("Europe/Moscow")
PLAN = FieldPlan(
    zone=MOSCOW, statuses={"active": "AMONITION_OFFERS_ACTIVE"}, has_other=True, generation=0
)


class _SellerProfileFactory(factory.Factory):  # type: ignore[misc] # untyped base
    class Meta:
        model = SellerProfile

    seller_id = factory.Sequence(lambda number: f"s{number:05}")
    as_of = datetime(2026, 11, 22, tzinfo=UTC)
    name = factory.LazyAttribute(lambda profile: f"Магазин {profile.seller_id}")
    phone = "+79001234567"
    email = "shop@example.com"
    sale_address = "Москва"
    first_visit_at = None
    first_offer_at = None
    offers_total = 3
    offers_by_status = factory.LazyFunction(lambda: {"active": 1, "banned": 1, "сомнительный": 1})
    feed_url = None
    feed_errors_url = None
    has_feed = False
    has_form = True
    has_used = False
    has_new = False
    categories = ("Диски",)


def seller_profile(**values: Any) -> SellerProfile:
    """A seller with ordinary values, except for those given."""
    profile: SellerProfile = _SellerProfileFactory(**values)
    return profile


def export(plan: FieldPlan = PLAN, *, source: bytes | None = None, **values: Any) -> Export:
    """A seller ready to be written."""
    return exports.prepare(seller_profile(**values), plan, source=source)
