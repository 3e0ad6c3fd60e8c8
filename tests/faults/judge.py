"""The judge: the emulators' books against the source. Pure; every broken promise is one sentence."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.faults.source import Expected, ten_digits

SELLER_ID = "AMONITION_SELLER_ID"
OFFERS = "AMONITION_OFFERS_TOTAL"
FEED = "AMONITION_FEED_URL"
FEED_REQUEST = "AMONITION_FEED_REQUEST"
MOST_TOLD = 5  # sellers named for one rule


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a world has left behind.

    `companies`: amoCRM's own, deleted ones too. `excused`: sellers whose company a manager has
    deleted or merged. `poison`: sellers that nobody can export; `rejected`: ours, by seller id.
    `transfers`: what Snatcher was asked for, a URL each time; `leads`: the URL of each lead that a
    manager has put into the status. `feeds`: in effect, by seller; `wishes`: the last of each seller.
    `into_the_block`: requests that came while amoCRM blocked us. `unsettled`: one phrase each.
    """

    expected: Mapping[str, Expected]
    companies: Sequence[Mapping[str, Any]]
    excused: frozenset[str] = frozenset()
    poison: frozenset[str] = frozenset()
    rejected: frozenset[str] = frozenset()
    transfers: Sequence[str] = ()
    leads: Mapping[int, str] = field(default_factory=dict)
    feeds: Mapping[str, str] = field(default_factory=dict)
    wishes: Mapping[str, str] = field(default_factory=dict)
    rate_violations: int = 0
    into_the_block: int = 0
    unsettled: Sequence[str] = ()


def violations(evidence: Evidence) -> list[str]:
    """Everything that is not as promised."""
    live = [company for company in evidence.companies if not company["is_deleted"]]
    by_seller: dict[str, list[Mapping[str, Any]]] = {}
    for company in live:
        by_seller.setdefault(str(company["fields"].get(SELLER_ID)), []).append(company)
    return [
        *_doubled(by_seller),
        *_lost(evidence, by_seller),
        *_stale(evidence, by_seller),
        *_transfers(evidence),
        *_feeds(evidence, by_seller),
        *_pace(evidence),
        *(f"unsettled: {phrase}" for phrase in evidence.unsettled),
    ]


def _doubled(by_seller: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterator[str]:
    doubled = {seller: len(found) for seller, found in by_seller.items() if len(found) > 1}
    if doubled:
        yield f"sellers with several companies: {_some(doubled)}"


def _lost(
    evidence: Evidence, by_seller: Mapping[str, Sequence[Mapping[str, Any]]]
) -> Iterator[str]:
    lost = evidence.expected.keys() - by_seller.keys() - evidence.excused
    if lost:
        yield f"sellers without a company: {_some(lost)}"
    unknown = by_seller.keys() - evidence.expected.keys() - evidence.poison
    if unknown:
        yield f"companies of nobody: {_some(unknown)}"
    if healthy := evidence.rejected & evidence.expected.keys():
        yield f"rejected without a reason: {_some(healthy)}"
    if accepted := evidence.poison - evidence.rejected:
        yield f"poison that is not rejected: {_some(accepted)}"


def _stale(
    evidence: Evidence, by_seller: Mapping[str, Sequence[Mapping[str, Any]]]
) -> Iterator[str]:
    stale = {}
    for seller, expected in evidence.expected.items():
        for company in by_seller.get(seller, ())[:1]:
            shown = _shown(company)
            if expected.phone is None:
                shown["phone"] = None  # no number: what is left of it is the product's choice
            wrong = {
                name: (value, shown[name])
                for name in ("name", "phone", "offers", "feed")
                if (value := getattr(expected, name)) != shown[name]
            }
            if wrong:
                stale[seller] = wrong
    if stale:
        yield f"not the source's values (expected, shown): {_some(stale)}"


def _shown(company: Mapping[str, Any]) -> dict[str, Any]:
    fields = company["fields"]
    phones = fields.get("PHONE") or [[None, None]]  # a list of number and sort
    return {
        "name": company["name"],
        "phone": ten_digits(phones[0][0]),
        "offers": fields.get(OFFERS),
        "feed": fields.get(FEED),
    }


def _transfers(evidence: Evidence) -> Iterator[str]:
    asked = Counter(evidence.transfers)
    wrong = {url: asked[url] for url in evidence.leads.values() if asked[url] != 1}
    if wrong:
        yield f"transfers of a lead other than one: {_some(wrong)}"
    if unasked := asked.keys() - set(evidence.leads.values()):
        yield f"transfers nobody asked for: {_some(unasked)}"


def _feeds(
    evidence: Evidence, by_seller: Mapping[str, Sequence[Mapping[str, Any]]]
) -> Iterator[str]:
    wishes = {s: url for s, url in evidence.wishes.items() if s not in evidence.excused}
    wrong = {
        seller: (url, evidence.feeds.get(seller))
        for seller, url in wishes.items()
        if evidence.feeds.get(seller) != url
    }
    if wrong:
        yield f"feeds in effect (wished, loaded): {_some(wrong)}"
    left = [
        seller
        for seller in wishes
        for company in by_seller.get(seller, ())
        if company["fields"].get(FEED_REQUEST)
    ]
    if left:
        yield f"wishes that still stand on the card: {_some(left)}"


def _pace(evidence: Evidence) -> Iterator[str]:
    if evidence.rate_violations:
        yield f"the limit was broken {evidence.rate_violations} times"
    if evidence.into_the_block:
        yield f"{evidence.into_the_block} requests into a flood-block"


def _some(found: Any) -> str:
    """The first few, and how many there are."""
    ordered = sorted(found.items()) if isinstance(found, Mapping) else sorted(found)
    more = f" and {len(ordered) - MOST_TOLD} more" if len(ordered) > MOST_TOLD else ""
    return f"{len(ordered)}: {ordered[:MOST_TOLD]}{more}"
