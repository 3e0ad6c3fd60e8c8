"""Linking one company to its seller because amoCRM told of it: on demand, outside of any push."""

import logging
from enum import Enum, auto

from clients.amocrm.records import CompanyRecord
from companies.fields import SELLER_ID
from companies.models import Company, CompanyDuplicate, SellerSync
from operations import counters, statements

logger = logging.getLogger(__name__)

ADOPTED = "companies_adopted:webhook"  # a counter

LINK = """
WITH linked AS (
    INSERT INTO seller_sync AS s (seller_id, state)
    SELECT %(seller)s, 'k'
    WHERE NOT EXISTS (SELECT FROM companies WHERE company_id = %(company)s)
    ON CONFLICT (seller_id) DO UPDATE SET state = 'k', fingerprint = NULL
    WHERE s.state IN ('a', 'x')
    RETURNING seller_id
)
INSERT INTO companies (seller_id, company_id, linked_at)
SELECT seller_id, %(company)s, clock_timestamp() FROM linked
ON CONFLICT DO NOTHING RETURNING seller_id
"""
REVIVE = """
UPDATE seller_sync s SET state = 'k', fingerprint = NULL
FROM companies c
WHERE c.seller_id = s.seller_id AND c.company_id = %(company)s AND s.state = 'g'
"""


class Link(Enum):
    """How a company and a seller stand to each other."""

    LINKED = auto()
    CONFLICT = auto()  # the seller has another company, or the company another seller
    BUSY = auto()  # the seller's company is being created; ask again later


def mapped_seller(*, company_id: int) -> str:
    """Whose company it is by our mapping; empty where it knows none."""
    mapped = Company.objects.filter(company_id=str(company_id))
    return mapped.values_list("seller_id", flat=True).first() or ""


def seller_of(company: CompanyRecord) -> str:
    """Whose company it is: by our mapping, else by the field; empty where neither knows."""
    return mapped_seller(company_id=company.company_id) or company.text(SELLER_ID).strip()


def link(*, seller_id: str, company_id: int) -> Link:
    """Make sure that the mapping has them; a conflict is written down and changes nothing.

    amoCRM has shown the company: it exists. One that was thought gone is exported again.
    """
    if statements.fetch(LINK, {"seller": seller_id, "company": str(company_id)}):
        counters.add({ADOPTED: 1})
        logger.info("companies.linked", extra={"seller": seller_id, "company": company_id})
        return Link.LINKED
    mapped = Company.objects.filter(seller_id=seller_id).first()
    if mapped is not None and mapped.company_id == str(company_id):
        statements.execute(REVIVE, {"company": str(company_id)})
        return Link.LINKED
    if mapped is None and not Company.objects.filter(company_id=str(company_id)).exists():
        return Link.BUSY
    record_conflict(seller_id=seller_id, company_id=company_id)
    return Link.CONFLICT


def record_conflict(*, seller_id: str, company_id: int) -> None:
    """A second company of a seller, for people to merge; the same one is written down once."""
    CompanyDuplicate.objects.get_or_create(
        seller_id=seller_id,
        company_id=str(company_id),
        defaults={"how": CompanyDuplicate.How.WEBHOOK},
    )


def is_gone(*, seller_id: str) -> bool:
    """Whether the seller's company was deleted in amoCRM, as far as we know."""
    gone = SellerSync.State.GONE
    return SellerSync.objects.filter(seller_id=seller_id, state=gone).exists()
