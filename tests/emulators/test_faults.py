import socket
import threading
import time
from typing import Any

import pytest

from emulators.faults import FaultPlan
from emulators.messages import Request
from tests.emulators.amocrm.building import COMPANIES, create, errors_of
from tests.emulators.talking import Talker
from tests.waiting import wait_until

BATCH = [{"name": str(number), "request_id": f"r{number}"} for number in range(10)]


def made(amocrm: Talker) -> int:
    companies: int = amocrm.control("GET", "audit")["companies"]
    return companies


def request_ids(amocrm: Talker) -> list[str]:
    items = amocrm.post(COMPANIES, BATCH).json["_embedded"]["companies"]
    return [item["request_id"] for item in items]


@pytest.mark.parametrize(
    ("kind", "committed"),
    [("reset_before_commit", 0), ("reset_halfway", 5), ("reset_after_commit", 10)],
)
def test_connection_is_reset(amocrm: Talker, kind: str, committed: int) -> None:
    amocrm.fault(kind, method="POST", path=COMPANIES)
    with pytest.raises(ConnectionError):
        amocrm.post(COMPANIES, BATCH)
    assert made(amocrm) == committed
    assert amocrm.control("GET", "audit")["faults_injected"] == {kind: 1}


def test_a_torn_body_is_read_by_half_and_nothing_comes_of_it(amocrm: Talker) -> None:
    amocrm.fault("torn_body", method="POST", path=COMPANIES, seconds=0.2, times=1)
    began = time.monotonic()
    with pytest.raises(ConnectionError):
        amocrm.post(COMPANIES, BATCH)
    assert time.monotonic() - began >= 0.2
    audit = amocrm.control("GET", "audit")
    assert audit["faults_injected"] == {"torn_body": 1}
    assert (audit["companies"], audit["arrivals"]["count"]) == (0, 1)
    assert f"POST {COMPANIES}" not in audit["requests"]
    amocrm.post(COMPANIES, BATCH)
    assert made(amocrm) == len(BATCH)


@pytest.mark.parametrize(
    ("kind", "committed"), [("status_before_commit", 0), ("status_after_commit", 10)]
)
def test_status_comes_before_or_after_the_commit(amocrm: Talker, kind: str, committed: int) -> None:
    amocrm.fault(kind, method="POST", path=COMPANIES, status=504)
    answer = amocrm.post(COMPANIES, BATCH)
    assert (answer.status, answer.headers["content-type"]) == (504, "text/html")
    assert b"504 Gateway Timeout" in answer.body
    assert made(amocrm) == committed


def test_a_fault_can_be_of_one_path_alone(amocrm: Talker) -> None:
    amocrm.fault("status_before_commit", method="GET", path=COMPANIES, whole=True, status=500)
    assert amocrm.get(f"{COMPANIES}/custom_fields").status == 200
    assert amocrm.get(COMPANIES).status == 500


def test_a_gateway_gives_up_before_the_commit(amocrm: Talker) -> None:
    amocrm.fault("late_commit", method="POST", path=COMPANIES, status=504, seconds=0.3)
    assert amocrm.post(COMPANIES, BATCH).status == 504
    assert made(amocrm) == 0
    wait_until(lambda: made(amocrm) == len(BATCH), seconds=10, what="the late commit")


def test_status_can_come_as_json_or_empty(amocrm: Talker) -> None:
    amocrm.fault("status_before_commit", status=500, body="json", times=1)
    assert amocrm.get("/api/v4/account").json["status"] == 500
    amocrm.fault("status_before_commit", status=502, body="empty", times=1)
    answer = amocrm.get("/api/v4/account")
    assert (answer.status, answer.body) == (502, b"")
    amocrm.fault("status_before_commit", status=429, body="json", retry_after=3, times=1)
    assert amocrm.get("/api/v4/account").json["retry_after"] == 3


def test_html_comes_with_200_after_the_commit(amocrm: Talker) -> None:
    amocrm.fault("html_200", method="POST")
    answer = amocrm.post(COMPANIES, BATCH)
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html")
    assert made(amocrm) == 10


def test_204_comes_after_the_commit(amocrm: Talker) -> None:
    amocrm.fault("no_content", method="POST")
    answer = amocrm.post(COMPANIES, BATCH)
    assert (answer.status, answer.body) == (204, b"")
    assert made(amocrm) == 10


def test_items_are_dropped_from_the_answer_only(amocrm: Talker) -> None:
    amocrm.fault("drop_items", method="POST", count=3)
    assert request_ids(amocrm) == [f"r{number}" for number in range(7)]
    assert made(amocrm) == 10


def test_items_are_shuffled(amocrm: Talker) -> None:
    amocrm.fault("shuffle", method="POST")
    shown = request_ids(amocrm)
    assert shown != [item["request_id"] for item in BATCH]
    assert sorted(shown) == sorted(item["request_id"] for item in BATCH)


def test_items_nobody_asked_for_are_added(amocrm: Talker) -> None:
    amocrm.fault("extra_items", method="POST", count=2)
    assert request_ids(amocrm)[10:] == ["stranger-0", "stranger-1"]
    assert made(amocrm) == 10


def test_faults_on_one_answer_add_up(amocrm: Talker) -> None:
    amocrm.control("POST", "faults", [{"kind": "drop_items"}, {"kind": "extra_items"}])
    assert request_ids(amocrm)[8:] == ["r8", "stranger-0"]


def test_answer_is_slow_but_the_commit_is_not(amocrm: Talker, running: Any) -> None:
    amocrm.fault("slow_answer", method="POST", seconds=0.3)
    other = Talker(running.amocrm_url)
    started = time.monotonic()
    asking = threading.Thread(target=amocrm.post, args=(COMPANIES, BATCH))
    asking.start()
    asking.join()
    assert time.monotonic() - started >= 0.3
    assert made(other) == 10
    other.close()


def test_trickled_answer_comes_byte_by_byte(amocrm: Talker) -> None:
    amocrm.set(require_token=False)
    amocrm.fault("trickle")
    with socket.create_connection((amocrm.host, amocrm.port), timeout=10) as connection:
        started = time.monotonic()
        connection.sendall(b"GET /api/v4/account HTTP/1.1\r\n\r\n")
        assert [connection.recv(100) for _ in range(3)] == [b"H", b"T", b"T"]
        assert time.monotonic() - started >= 3 * 0.2


def test_named_items_are_refused(amocrm: Talker) -> None:
    amocrm.fault("validation", method="POST", items=[1, 3, 99], times=1)
    assert errors_of(amocrm.post(COMPANIES, BATCH)).keys() == {"r1", "r3"}
    assert made(amocrm) == 0
    assert amocrm.post(COMPANIES, BATCH).status == 200


def test_good_token_is_refused(amocrm: Talker) -> None:
    amocrm.fault("unauthorized", times=1)
    assert amocrm.get("/api/v4/account").status == 401
    assert amocrm.get("/api/v4/account").status == 200


def test_faults_hit_only_their_method_and_path(amocrm: Talker) -> None:
    amocrm.fault("status_before_commit", method="POST", path=COMPANIES)
    assert amocrm.get(COMPANIES).status == 204
    assert amocrm.post("/api/v4/webhooks", {}).status == 400
    assert amocrm.post(COMPANIES, BATCH).status == 503


def test_faults_are_taken_back(amocrm: Talker) -> None:
    amocrm.fault("status_before_commit", method="POST")
    assert len(amocrm.control("GET", "faults")["faults"]) == 1
    amocrm.control("DELETE", "faults")
    assert create(amocrm, {"name": "A"})


@pytest.mark.parametrize(
    "described",
    [
        {},
        {"kind": "explosion"},
        {"kind": "shuffle", "shore": 1},
        {"kind": "shuffle", "share": "x"},
        {"kind": "shuffle", "every": 0},
        {"kind": "status_before_commit", "status": 999},
        5,
    ],
)
def test_fault_that_makes_no_sense_is_refused(amocrm: Talker, described: Any) -> None:
    assert amocrm.post("/_control/faults", described).status == 400


def fired(**described: Any) -> list[int]:
    """Which of forty equal requests are hit."""
    plan = FaultPlan()
    plan.add([{"kind": "shuffle", **described}])
    request = Request("GET", "/", "", {}, b"", 0.0)
    return [number for number in range(40) if plan.draw(request)]


def test_schedule_skips_counts_and_stops() -> None:
    assert fired(every=10) == [9, 19, 29, 39]
    assert fired(skip=5, times=3) == [5, 6, 7]
    assert fired(skip=5, every=10, times=2) == [14, 24]


def test_share_is_drawn_by_seed_and_repeats() -> None:
    drawn = fired(share=0.5, seed=3)
    assert drawn == fired(share=0.5, seed=3)
    assert drawn != fired(share=0.5, seed=4)
    assert 8 <= len(drawn) <= 32
    assert fired(share=0.0) == []
    assert len(fired(share=1.0)) == 40
