"""Seller profiles of a stretch of the snapshot: the aggregate's rows, enriched by the feeds service."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from clients.feeds import Feed, Feeds
from companies.profiles import SellerProfile
from warehouse.interface import SellerRow

LOOKUP_SIZE = 500  # seller ids the feeds service takes in one request


def enrich(*, rows: Sequence[SellerRow], feeds: Feeds, as_of: datetime) -> list[SellerProfile]:
    """One profile a row, in order. Raises ServiceError: without a complete answer nothing is inferred."""
    found: dict[str, Feed] = {}
    for ids in _chunks([row.seller_id for row in rows]):
        found.update(feeds.lookup(ids))
    return [_profile(row, found.get(row.seller_id), as_of) for row in rows]


def _chunks(ids: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(ids), LOOKUP_SIZE):
        yield ids[start : start + LOOKUP_SIZE]


def _profile(row: SellerRow, feed: Feed | None, as_of: datetime) -> SellerProfile:
    return SellerProfile(
        seller_id=row.seller_id,
        as_of=as_of,
        name=row.name,
        phone=row.phone,
        email=row.email,
        sale_address=row.sale_address,
        first_visit_at=row.first_visit_at,
        first_offer_at=row.first_offer_at,
        offers_total=row.offers_total,
        offers_by_status=row.offers_by_status,
        feed_url=feed.feed_url if feed else None,
        feed_errors_url=feed.errors_url if feed else None,
        has_feed=row.has_feed,
        has_form=row.has_form,
        has_used=row.has_used,
        has_new=row.has_new,
        categories=row.categories,
    )
