import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.amocrm.arrivals import ArrivalLog
from emulators.amocrm.limits import Limiter
from emulators.amocrm.settings import AmocrmSettings
from tests.emulators.talking import Talker

ACCOUNT = "/api/v4/account"
TOKEN = "/oauth2/access_token"


def statuses(amocrm: Talker, count: int) -> list[int]:
    return [amocrm.get(ACCOUNT).status for _ in range(count)]


def test_nothing_is_limited_by_default(amocrm: Talker) -> None:
    assert set(statuses(amocrm, 100)) == {200}


def test_eighth_request_of_a_second_is_refused_with_html(amocrm: Talker) -> None:
    amocrm.set(rate_limit=7)
    assert statuses(amocrm, 7) == [200] * 7
    answer = amocrm.get(ACCOUNT)
    assert (answer.status, answer.headers["content-type"]) == (429, "text/html")
    assert "retry-after" not in answer.headers


def test_refusal_can_be_json_with_retry_after(amocrm: Talker) -> None:
    amocrm.set(rate_limit=7, rate_limit_reply="json", retry_after=11)
    statuses(amocrm, 7)
    answer = amocrm.get(ACCOUNT)
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status, answer.json["retry_after"]) == (429, 11)


def test_refused_write_commits_nothing(amocrm: Talker) -> None:
    amocrm.set(rate_limit=1)
    answers = [amocrm.post("/api/v4/companies", [{"name": "A"}]).status for _ in range(3)]
    assert answers == [200, 429, 429]
    assert amocrm.control("GET", "audit")["companies"] == 1


def test_token_endpoint_counts_too(amocrm: Talker) -> None:
    amocrm.set(rate_limit=7)
    statuses(amocrm, 7)
    assert amocrm.post(TOKEN, {}).status == 429


def test_other_tenants_eat_the_limit_of_the_account(amocrm: Talker) -> None:
    amocrm.set(account_rate_limit=50, foreign_rate=48)
    assert statuses(amocrm, 3) == [200, 200, 429]


def test_control_plane_is_neither_limited_nor_counted(amocrm: Talker) -> None:
    amocrm.set(rate_limit=1)
    for _ in range(20):
        amocrm.control("GET", "settings")
    assert amocrm.control("GET", "audit")["arrivals"]["count"] == 0


def test_violations_escalate_to_a_sticky_block_of_everything(amocrm: Talker) -> None:
    amocrm.set(rate_limit=7, flood_block_after=2)
    assert statuses(amocrm, 10) == [200] * 7 + [429, 429, 403]
    amocrm.set(rate_limit=None)
    blocked = amocrm.get(ACCOUNT)
    assert (blocked.status, blocked.headers["content-type"]) == (403, "text/html")
    assert amocrm.post(TOKEN, {}).status == 403
    assert amocrm.control("GET", "audit")["refused"] == {"rate": 2, "blocked": 3}


def test_support_lifts_and_sets_the_block(amocrm: Talker) -> None:
    amocrm.control("POST", "flood_block", {"blocked": True})
    assert amocrm.get(ACCOUNT).status == 403
    amocrm.control("POST", "flood_block", {"blocked": False})
    assert amocrm.get(ACCOUNT).status == 200


def test_limit_slides_with_the_arrivals() -> None:
    limiter = Limiter(AmocrmSettings(rate_limit=7))
    spread = [limiter.refusal(100 + number * 0.15) for number in range(70)]
    assert spread == [None] * 70
    assert limiter.refusal(100 + 69 * 0.15 + 0.01) is not None


def test_exactly_one_second_is_enough() -> None:
    limiter = Limiter(AmocrmSettings(rate_limit=2))
    assert [limiter.refusal(at) for at in (0.0, 0.5, 1.0)] == [None] * 3
    assert limiter.refusal(1.4999) is not None


def test_arrivals_are_summed_up() -> None:
    log = ArrivalLog()
    for number in range(57):
        log.record(50 + number / 4)
    summary = log.summary()
    assert (summary["count"], summary["violations"]) == (57, 0)
    assert (summary["first"], summary["last"]) == (50, 64)
    assert summary["utilisation_at_7"] == pytest.approx(4 / 7, abs=1e-4)
    assert summary["min_span_of_8_ms"] == pytest.approx(1750)


def test_few_arrivals_have_no_span() -> None:
    summary = ArrivalLog().summary()
    assert (summary["count"], summary["min_span_of_8_ms"]) == (0, None)
    assert summary["utilisation_at_7"] is None


@given(st.lists(st.integers(0, 40), min_size=8, max_size=40))
def test_violations_are_those_of_any_eight_arrivals(eighths: list[int]) -> None:
    log = ArrivalLog()
    for eighth in eighths:
        log.record(eighth / 8)
    ordered = sorted(eighths)
    too_close = [at for at in range(len(ordered) - 7) if ordered[at + 7] - ordered[at] < 8]
    assert log.summary()["violations"] == len(too_close)


def test_arrivals_of_requests_are_recorded(amocrm: Talker) -> None:
    amocrm.get(ACCOUNT)
    amocrm.post("/api/v4/companies", [{"name": "A"}])
    amocrm.patch("/api/v4/companies", [{}])
    amocrm.get("/api/v4/companies")
    amocrm.post(TOKEN, {})
    audit = amocrm.control("GET", "audit")
    assert audit["arrivals"]["count"] == 5
    assert audit["arrivals_of_writes"]["count"] == 2
