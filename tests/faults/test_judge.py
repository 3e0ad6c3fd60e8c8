"""The judge can fail: each promise is broken once, and it says so; a good world has nothing to say."""

from dataclasses import replace
from typing import Any

import pytest

from tests.faults.judge import Evidence, violations
from tests.faults.source import Expected

FEED = "https://shop.example.net/1.xml"
PROFILE = "https://www.avito.ru/user/1"


def company(seller: str, **changes: Any) -> dict[str, Any]:
    fields = {
        "AMONITION_SELLER_ID": seller,
        "PHONE": [["+7 912 345-67-89", "WORK"]],
        "AMONITION_OFFERS_TOTAL": 3,
        "AMONITION_FEED_URL": FEED,
        **changes.pop("fields", {}),
    }
    return {"id": int(seller), "name": "Магазин", "is_deleted": False, "fields": fields, **changes}


GOOD = Evidence(
    expected={seller: Expected("Магазин", "9123456789", 3, FEED) for seller in ("1", "2")},
    companies=[company("1"), company("2")],
    poison=frozenset({"poison"}),
    rejected=frozenset({"poison"}),
    transfers=[PROFILE],
    leads={10: PROFILE},
    feeds={"1": FEED},
    wishes={"1": FEED},
)


def test_a_good_world_has_nothing_to_say() -> None:
    assert violations(GOOD) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"companies": [company("1"), company("2"), company("2", id=3)]}, "several companies"),
        ({"companies": [company("1")]}, "without a company"),
        ({"companies": [company("1"), company("2", is_deleted=True)]}, "without a company"),
        ({"companies": [*GOOD.companies, company("3")]}, "companies of nobody"),
        ({"rejected": frozenset({"poison", "2"})}, "rejected without a reason"),
        ({"rejected": frozenset()}, "poison that is not rejected"),
        ({"companies": [company("1"), company("2", name="Лавка")]}, "not the source's values"),
        (
            {"companies": [company("1"), company("2", fields={"AMONITION_OFFERS_TOTAL": 2})]},
            "not the source's values",
        ),
        (
            {"companies": [company("1"), company("2", fields={"AMONITION_FEED_URL": None})]},
            "not the source's values",
        ),
        (
            {
                "companies": [
                    company("1"),
                    company("2", fields={"PHONE": [["+79123456780", "WORK"]]}),
                ]
            },
            "not the source's values",
        ),
        ({"transfers": [PROFILE, PROFILE]}, "transfers of a lead"),
        ({"transfers": []}, "transfers of a lead"),
        ({"transfers": [PROFILE, "https://www.avito.ru/user/2"]}, "nobody asked for"),
        ({"feeds": {"1": "https://shop.example.net/0.xml"}}, "feeds in effect"),
        ({"feeds": {}}, "feeds in effect"),
        (
            {"companies": [company("1", fields={"AMONITION_FEED_REQUEST": FEED}), company("2")]},
            "still stand on the card",
        ),
        ({"rate_violations": 1}, "the limit was broken"),
        ({"into_the_block": 1}, "into a flood-block"),
        ({"unsettled": ["1 attempts of unknown outcome"]}, "unsettled: 1 attempts"),
    ],
)
def test_a_broken_promise_is_told(change: dict[str, Any], told: str) -> None:
    (said,) = violations(replace(GOOD, **change))
    assert told in said


def test_a_company_that_a_manager_has_deleted_is_excused() -> None:
    gone = [company("1"), company("2", is_deleted=True)]
    assert violations(replace(GOOD, companies=gone, excused=frozenset({"2"}))) == []
