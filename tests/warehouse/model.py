"""The aggregate in plain Python: what the SQL has to give."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

from tests.warehouse.snapshots import Offer, Seller
from warehouse.interface import SellerRow, SnapshotFacts


def aggregate(sellers: Sequence[Seller], offers: Sequence[Offer]) -> list[SellerRow]:
    """One row per seller that has offers, in the byte order of the id."""
    best = {seller.seller_id: seller for seller in sorted(sellers, key=_rank, reverse=True)}
    mine = {seller_id: [o for o in offers if o.seller_id == seller_id] for seller_id in best}
    rows = [_row(seller, mine[seller.seller_id]) for seller in best.values() if seller.seller_id]
    return sorted((row for row in rows if row.offers_total), key=lambda row: row.seller_id.encode())


def figures(
    sellers: Sequence[Seller], offers: Sequence[Offer], rows: Sequence[SellerRow]
) -> SnapshotFacts:
    """The facts of a snapshot whose aggregate is `rows`."""
    ids = {seller.seller_id for seller in sellers if seller.seller_id}
    exported = {row.seller_id for row in rows}
    statuses = Counter(o.status for o in offers if o.seller_id in exported and o.status)
    return SnapshotFacts(
        sellers=len(sellers),
        offers=len(offers),
        statuses=statuses,
        categories=tuple(sorted({category for row in rows for category in row.categories})),
        duplicate_sellers=sum(1 for s in sellers if s.seller_id) - len(ids),
        sellers_without_id=sum(1 for s in sellers if not s.seller_id),
        sellers_without_offers=len(ids - exported),
        orphan_offers=sum(1 for o in offers if o.seller_id and o.seller_id not in ids),
        offers_without_seller_id=sum(1 for o in offers if not o.seller_id),
    )


def _rank(seller: Seller) -> tuple[object, ...]:
    """The winner among rows of one seller sorts first: newest visit, then smallest texts."""
    visit = seller.first_visit_at
    texts = (seller.phone, seller.email, seller.name, seller.sale_address)
    return (
        visit is None,
        0.0 if visit is None else -visit.replace(tzinfo=UTC).timestamp(),
        *((text is None, text or "") for text in texts),
    )


def _row(seller: Seller, offers: Sequence[Offer]) -> SellerRow:
    times = [offer.created_at for offer in offers if offer.created_at]
    return SellerRow(
        seller_id=seller.seller_id or "",
        phone=seller.phone,
        email=seller.email,
        name=seller.name,
        sale_address=seller.sale_address,
        first_visit_at=_aware(seller.first_visit_at),
        first_offer_at=_aware(min(times, default=None)),
        offers_total=len(offers),
        offers_by_status=Counter(offer.status for offer in offers if offer.status),
        has_feed=any(offer.source == "feed" for offer in offers),
        has_form=any(offer.source == "form" for offer in offers),
        has_used=any(offer.condition == "used" for offer in offers),
        has_new=any(offer.condition == "new" for offer in offers),
        categories=tuple(sorted({offer.category for offer in offers if offer.category})),
    )


def _aware(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=UTC)
