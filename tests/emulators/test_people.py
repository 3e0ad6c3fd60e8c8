import re
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from emulators.people import FIRST_ID, MAX_OFFERS, STATUSES, People
from emulators.words import CATEGORIES

SAMPLE = 5000
numbers = st.integers(0, SAMPLE - 1)
seeds = st.integers(0, 2**31)


@given(seed=seeds, number=numbers)
def test_seller_is_the_same_whenever_and_wherever_asked(seed: int, number: int) -> None:
    one, other = People(sellers=SAMPLE, seed=seed), People(sellers=SAMPLE * 2, seed=seed)
    assert one.seller(number) == other.seller(number)
    assert one.offers(number) == other.offers(number)
    assert one.feed(number) == other.feed(number)


@given(seed=seeds, number=numbers)
def test_offers_are_well_formed(seed: int, number: int) -> None:
    people = People(sellers=SAMPLE, seed=seed)
    offers = people.offers(number)
    assert len(offers) <= MAX_OFFERS
    assert len({offer.offer_id for offer in offers}) == len(offers)
    assert {offer.seller_id for offer in offers} <= {people.seller(number).seller_id}
    assert {offer.status for offer in offers} <= set(STATUSES)
    assert {offer.category for offer in offers} <= set(CATEGORIES)
    sources = {"form"} if people.feed(number) is None else {"form", "feed"}
    assert {offer.source for offer in offers} <= sources


@given(seed=seeds, number=numbers)
def test_first_offer_comes_no_earlier_than_the_first_visit(seed: int, number: int) -> None:
    people = People(sellers=SAMPLE, seed=seed)
    visit = people.seller(number).first_visit_at or ""
    assert all(offer.created_at[:10] >= visit[:10] for offer in people.offers(number))


@given(sellers=st.integers(0, 500))
def test_so_many_sellers_have_offers(sellers: int) -> None:
    people = People(sellers=sellers, seed=1)
    assert sum(bool(people.offers(number)) for number in range(people.total)) == sellers


@given(seed=seeds, number=numbers, changed_seed=seeds)
def test_changed_seller_has_other_figures(seed: int, number: int, changed_seed: int) -> None:
    plain = People(sellers=SAMPLE, seed=seed)
    changed = People(sellers=SAMPLE, seed=seed, changed_share=1.0, changed_seed=changed_seed)
    before, after = plain.offers(number), changed.offers(number)
    assert after[: len(before)] == before
    assert (len(after) > len(before)) == bool(before)
    assert changed.seller(number) == plain.seller(number)


def test_share_of_changed_sellers_is_as_asked() -> None:
    plain = People(sellers=SAMPLE, seed=1)
    changed = People(sellers=SAMPLE, seed=1, changed_share=0.1, changed_seed=9)
    differ = sum(plain.offers(n) != changed.offers(n) for n in range(plain.total))
    assert 0.08 * SAMPLE < differ < 0.12 * SAMPLE


def test_seller_ids_lead_back_to_sellers() -> None:
    people = People(sellers=100, seed=1)
    assert people.number_of(people.seller(42).seller_id) == 42
    strangers = ["", "x", str(FIRST_ID - 1), str(FIRST_ID + people.total), f"0{FIRST_ID}", "١"]
    assert [people.number_of(stranger) for stranger in strangers] == [None] * 6


def test_population_looks_like_people() -> None:
    people = People(sellers=SAMPLE, seed=3)
    sellers = [people.seller(number) for number in range(people.total)]
    phones = Counter(
        "none" if seller.phone is None
        else "canonical" if re.fullmatch(r"\+79\d{9}", seller.phone)
        else "brackets" if re.fullmatch(r"8 \(9\d\d\) \d{3}-\d\d-\d\d", seller.phone)
        else "other" if len(re.findall(r"\d", seller.phone)) == 11
        else "no phone"
        for seller in sellers
    )  # fmt: skip
    assert 0.6 < phones["canonical"] / len(sellers) < 0.8
    assert all(phones[form] > 20 for form in ("none", "brackets", "other", "no phone"))
    assert 0.85 < sum(seller.email is not None for seller in sellers) / len(sellers) < 0.95
    assert 0.25 < sum(people.feed(n) is not None for n in range(SAMPLE)) / SAMPLE < 0.35


def test_offers_are_skewed_with_a_mean_of_six() -> None:
    people = People(sellers=SAMPLE, seed=3)
    counts = sorted(len(people.offers(number)) for number in range(people.total))
    assert 5.5 < sum(counts) / SAMPLE < 7
    assert counts[len(counts) // 2] <= 4
    assert counts[-1] == MAX_OFFERS
