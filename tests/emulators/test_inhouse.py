import http.client
from typing import Any

import pytest

from emulators.people import FIRST_ID, WITHOUT_OFFERS_EVERY
from tests.emulators.talking import Answer, Talker

LOOKUP = "/api/v1/feeds/lookup"
TRANSFERS = "/api/v1/transfers"
STRANGER = "99999999"
PROFILE = {"profile_url": "https://example.ru/u/1", "phone": "+79001234567"}


def look_up(feeds: Talker, *seller_ids: str) -> dict[str, dict[str, Any]]:
    answer = feeds.post(LOOKUP, {"seller_ids": list(seller_ids)})
    assert answer.status == 200, answer.body
    return {feed["seller_id"]: feed for feed in answer.json["feeds"]}


def transfer(snatcher: Talker, payload: Any, key: str | None = "k1") -> Answer:
    headers = {} if key is None else {"Idempotency-Key": key}
    return snatcher.ask("POST", TRANSFERS, payload, headers=headers)


def test_unknown_seller_is_404(sellers: Talker) -> None:
    assert sellers.get(f"/api/v1/sellers/{STRANGER}").status == 404


def test_seller_without_offers_has_zeros(offers: Talker) -> None:
    seller_id = str(FIRST_ID + WITHOUT_OFFERS_EVERY - 1)
    assert offers.get(f"/api/v1/sellers/{seller_id}/stats").json == {
        "seller_id": seller_id,
        "first_offer_at": None,
        "offers_total": 0,
        "offers_by_status": {},
        "has_feed": False,
        "has_form": False,
        "has_used": False,
        "has_new": False,
        "categories": [],
    }


def test_bearer_token_is_required_and_any_will_do(sellers: Talker) -> None:
    path = f"/api/v1/sellers/{FIRST_ID}"
    sellers.token = "whatever"
    assert sellers.get(path).status == 200
    sellers.token = None
    assert sellers.get(path).status == 401


def test_one_token_can_be_made_the_only_one(sellers: Talker) -> None:
    path = f"/api/v1/sellers/{FIRST_ID}"
    sellers.set(token="right")
    assert sellers.get(path).status == 401
    sellers.token = "right"
    assert sellers.get(path).status == 200


def test_lookup_answers_only_for_sellers_with_a_feed(feeds: Talker) -> None:
    ids = [str(FIRST_ID + number) for number in range(200)]
    found = look_up(feeds, *ids, STRANGER)
    assert STRANGER not in found
    assert 0 < len(found) < 200
    assert all(feed["feed_url"].startswith("https://") for feed in found.values())
    with_errors = [feed for feed in found.values() if feed["errors_url"] is not None]
    assert 0 < len(with_errors) < len(found)


@pytest.mark.parametrize(
    "payload", [{}, [], {"seller_ids": "1"}, {"seller_ids": [1]}, {"seller_ids": ["1"] * 501}]
)
def test_lookup_refuses_what_is_no_list_of_ids(feeds: Talker, payload: Any) -> None:
    assert feeds.post(LOOKUP, payload).status == 422


def test_loaded_feed_is_found_until_the_reset(feeds: Talker) -> None:
    seller_id = str(FIRST_ID + 1)
    url = "https://shop.example.ru/feed.xml"
    answer = feeds.ask("PUT", f"/api/v1/sellers/{seller_id}/feed", {"url": url, "periodic": True})
    assert (answer.status, answer.json) == (200, {"feed_id": f"feed-{seller_id}"})
    assert look_up(feeds, seller_id)[seller_id]["feed_url"] == url
    audit = feeds.control("GET", "audit")
    assert (audit["loaded"], audit["puts"]) == ({seller_id: url}, {seller_id: 1})
    feeds.control("POST", "reset")
    audit = feeds.control("GET", "audit")
    assert (audit["loaded"], audit["puts"]) == ({}, {})


@pytest.mark.parametrize(("fault", "puts"), [("reset_before_commit", 1), ("reset_after_commit", 2)])
def test_one_feed_is_in_effect_however_often_it_is_put(
    feeds: Talker, fault: str, puts: int
) -> None:
    seller_id = str(FIRST_ID + 1)
    path, load = f"/api/v1/sellers/{seller_id}/feed", {"url": "https://a.ru/1", "periodic": True}
    feeds.fault(fault, method="PUT", times=1)
    with pytest.raises(ConnectionError):
        feeds.ask("PUT", path, load)
    feeds.ask("PUT", path, {**load, "url": "https://a.ru/2"})
    feeds.ask("PUT", path, {**load, "url": "bad"})
    audit = feeds.control("GET", "audit")
    assert (audit["loaded"], audit["puts"]) == ({seller_id: "https://a.ru/2"}, {seller_id: puts})


@pytest.mark.parametrize(
    ("seller_id", "payload"),
    [
        (str(FIRST_ID), {"url": "ftp://a.ru", "periodic": True}),
        (str(FIRST_ID), {"url": None, "periodic": True}),
        (str(FIRST_ID), {"url": "https://a.ru"}),
        (STRANGER, {"url": "https://a.ru", "periodic": True}),
    ],
)
def test_bad_feed_is_refused(feeds: Talker, seller_id: str, payload: Any) -> None:
    answer = feeds.ask("PUT", f"/api/v1/sellers/{seller_id}/feed", payload)
    assert answer.status == 422
    assert answer.json["detail"]


def test_service_that_is_away_answers_503(feeds: Talker) -> None:
    feeds.set(away=True)
    assert feeds.post(LOOKUP, {"seller_ids": []}).status == 503
    feeds.set(away=False)
    assert feeds.post(LOOKUP, {"seller_ids": []}).status == 200


def test_service_that_is_away_can_reset(feeds: Talker) -> None:
    feeds.set(away=True, away_kind="reset")
    with pytest.raises(ConnectionError):
        feeds.post(LOOKUP, {"seller_ids": []})


def test_service_that_is_away_can_answer_in_part(feeds: Talker) -> None:
    feeds.set(away=True, away_kind="partial")
    with pytest.raises(http.client.IncompleteRead):
        feeds.post(LOOKUP, {"seller_ids": [str(FIRST_ID + number) for number in range(100)]})


def test_requests_are_counted(feeds: Talker) -> None:
    look_up(feeds)
    feeds.post(LOOKUP, {})
    audit = feeds.control("GET", "audit")
    assert audit["requests"] == {f"POST {LOOKUP}": 2}
    assert audit["refused"] == {"validation": 1}


def test_faults_work_on_every_service(feeds: Talker) -> None:
    feeds.fault("drop_items", count=500)
    assert look_up(feeds, *(str(FIRST_ID + number) for number in range(100))) == {}
    feeds.fault("validation", times=1)
    assert feeds.post(LOOKUP, {"seller_ids": []}).status == 422


def test_same_key_starts_one_transfer(snatcher: Talker) -> None:
    first, again = transfer(snatcher, PROFILE), transfer(snatcher, PROFILE)
    assert (first.status, again.status) == (202, 202)
    assert first.json == again.json
    other = transfer(snatcher, PROFILE, "k2")
    assert other.json != first.json
    transfer(snatcher, PROFILE)
    audit = snatcher.control("GET", "audit")
    assert (audit["transfers"], audit["repeated"], audit["repeats"]) == (2, 2, {"k1": 2})
    assert [told["idempotency_key"] for told in audit["latest"]] == ["k1", "k2"]
    snatcher.control("POST", "reset")
    audit = snatcher.control("GET", "audit")
    assert (audit["transfers"], audit["repeated"], audit["repeats"]) == (0, 0, {})


@pytest.mark.parametrize(
    ("fault", "started"),
    [
        ("reset_before_commit", 0),
        ("status_before_commit", 0),
        ("reset_after_commit", 1),
        ("status_after_commit", 1),
        ("slow_answer", 1),
    ],
)
def test_transfer_is_started_or_not_whatever_the_answer(
    snatcher: Talker, fault: str, started: int
) -> None:
    snatcher.fault(fault, method="POST", path=TRANSFERS, times=1, seconds=0.05)
    try:
        transfer(snatcher, PROFILE)
    except ConnectionError:
        assert fault.startswith("reset")
    assert snatcher.control("GET", "audit")["transfers"] == started
    found = snatcher.get(TRANSFERS, idempotency_key="k1").status
    assert found == (200 if started else 404)
    assert transfer(snatcher, PROFILE).status == 202
    audit = snatcher.control("GET", "audit")
    assert (audit["transfers"], audit["repeated"]) == (1, started)


def test_key_does_not_serve_another_transfer(snatcher: Talker) -> None:
    transfer(snatcher, PROFILE)
    assert transfer(snatcher, {**PROFILE, "phone": "+79007654321"}).status == 422


def test_transfer_is_found_by_its_key(snatcher: Talker) -> None:
    assert snatcher.get(TRANSFERS, idempotency_key="k1").status == 404
    started = transfer(snatcher, PROFILE).json
    found = snatcher.get(TRANSFERS, idempotency_key="k1")
    assert (found.status, found.json["transfer_id"]) == (200, started["transfer_id"])


@pytest.mark.parametrize(
    ("payload", "key"),
    [
        (PROFILE, None),
        ({"phone": "+79001234567"}, "k"),
        ({**PROFILE, "profile_url": "example.ru"}, "k"),
        ({**PROFILE, "phone": "нет"}, "k"),
        ({**PROFILE, "phone": None}, "k"),
        ([], "k"),
    ],
)
def test_bad_transfer_is_refused(snatcher: Talker, payload: Any, key: str | None) -> None:
    assert transfer(snatcher, payload, key).status == 422
    assert snatcher.control("GET", "audit")["transfers"] == 0
