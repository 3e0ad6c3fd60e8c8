"""A seller's profile from live services: three questions at once, one deadline, nothing inferred."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from clients.feeds import Feed
from clients.offers import OfferStats
from clients.pacing import Lane
from clients.sellers import Seller
from companies.profiles import SellerProfile
from operations import statements
from webhooks import services

NOW = "SELECT clock_timestamp()"


def find_seller(*, seller_id: str) -> Seller | None:
    """None where the service says that there is none. Raises ServiceError where it says nothing."""
    with services.sellers() as client:
        return client.get(seller_id)


def live_profile(*, seller_id: str) -> SellerProfile | None:
    """The profile as of now; None where there is no such seller.

    All three have to answer within the time that each of them has: a service that is away is no
    reason to write that a seller has nothing. Raises ServiceError, ServiceNotConfiguredError.
    """
    as_of: datetime = statements.fetch(NOW, {})[0][0]  # before asking: the data are no older
    with ThreadPoolExecutor(max_workers=3) as pool:
        seller_found = pool.submit(find_seller, seller_id=seller_id)
        stats_found = pool.submit(_stats, seller_id)
        feed_found = pool.submit(_feed, seller_id)
        seller = seller_found.result()
        if seller is None:
            return None
        return _profile(seller, stats_found.result(), feed_found.result(), as_of)


def _stats(seller_id: str) -> OfferStats:
    with services.offers() as client:
        return client.stats(seller_id)


def _feed(seller_id: str) -> Feed | None:
    with services.feeds() as client:
        return client.lookup([seller_id], lane=Lane.INTERACTIVE).get(seller_id)


def _profile(
    seller: Seller, stats: OfferStats, feed: Feed | None, as_of: datetime
) -> SellerProfile:
    return SellerProfile(
        seller_id=seller.seller_id,
        as_of=as_of,
        name=seller.name,
        phone=seller.phone,
        email=seller.email,
        sale_address=seller.sale_address,
        first_visit_at=seller.first_visit_at,
        first_offer_at=stats.first_offer_at,
        offers_total=stats.offers_total,
        offers_by_status=stats.offers_by_status,
        feed_url=feed.feed_url if feed else None,
        feed_errors_url=feed.errors_url if feed else None,
        has_feed=stats.has_feed,
        has_form=stats.has_form,
        has_used=stats.has_used,
        has_new=stats.has_new,
        categories=tuple(stats.categories),
    )
