"""Sellers of a stretch of the snapshot: the aggregate's records, enriched by the feeds service."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from clients.feeds import Feed, Feeds
from companies.fingerprints import source_digest
from companies.profiles import SellerProfile
from warehouse.interface import SellerRecord

LOOKUP_SIZE = 500  # seller ids the feeds service takes in one request


class Source(NamedTuple):
    """One seller as the warehouse and the feeds service tell of it, and the digest of both."""

    record: SellerRecord
    feed: Feed | None
    digest: bytes

    @property
    def seller_id(self) -> str:
        return self.record.seller_id

    def profile(self, as_of: datetime) -> SellerProfile:
        """What is exported about the seller. The record is taken apart here, and only here."""
        row, feed = self.record.row(), self.feed
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


def enrich(*, records: Sequence[SellerRecord], feeds: Feeds, key: bytes) -> list[Source]:
    """One source a record, in order. `key`: of the plan (`fingerprints.plan_key`).

    Raises ServiceError: without a complete answer nothing is inferred.
    """
    found: dict[str, Feed] = {}
    for ids in _chunks([record.seller_id for record in records]):
        found.update(feeds.lookup(ids))
    return [_source(record, found.get(record.seller_id), key) for record in records]


def _source(record: SellerRecord, feed: Feed | None, key: bytes) -> Source:
    told = (feed.feed_url, feed.errors_url) if feed else ()
    return Source(record, feed, source_digest(record.content, told, key=key))


def _chunks(ids: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(ids), LOOKUP_SIZE):
        yield ids[start : start + LOOKUP_SIZE]
