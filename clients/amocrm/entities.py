"""The kinds of cards in amoCRM, as its paths name them."""

from enum import StrEnum


class Entity(StrEnum):
    """A kind of card."""

    COMPANIES = "companies"
    LEADS = "leads"
    CONTACTS = "contacts"
