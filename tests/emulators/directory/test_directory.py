"""The emulated Directory by its contract, and what it can be made to do wrong."""

import time
from typing import Any

import pytest

from tests.emulators.talking import Talker

FIRST = 1_000_000_001
COPY = FIRST + 9
CREATE = f"/v3/companies/{FIRST + 1}/create-metrika"


def bulk(directory: Talker, *permalinks: int, expand: str = "NAMES") -> list[dict[str, Any]]:
    answer = directory.get(
        "/v1/companies", permalinks=",".join(map(str, permalinks)), expand=expand
    )
    assert answer.status == 200, answer.body
    listed: list[dict[str, Any]] = answer.json["companies"]
    return listed


def script(directory: Talker, *attempts: dict[str, Any], **which: Any) -> None:
    directory.control("POST", "scripts", {"attempts": list(attempts), **which})


def test_only_what_expand_names_is_returned(directory: Talker) -> None:
    [found] = bulk(directory, FIRST, expand="PHONES,CHAIN")
    assert found.keys() == {"id", "phones", "chain"}
    assert bulk(directory, FIRST, expand="")[0].keys() == {"id"}


def test_duplicates_are_absent_in_bulk_and_there_by_themselves(directory: Talker) -> None:
    assert [each["id"] for each in bulk(directory, COPY, FIRST)] == [FIRST]
    one = directory.get(f"/v1/companies/{COPY}", expand="HEAD_PERMALINK,PUBLISHING_STATUS").json
    assert one["head_permalink"] == COPY - 1
    assert one["publishing_status"] != "DUPLICATE"
    directory.set(native_duplicates=True)
    one = directory.get(f"/v1/companies/{COPY}", expand="PUBLISHING_STATUS").json
    assert one["publishing_status"] == "DUPLICATE"


def test_order_is_shuffled_unless_told_otherwise(directory: Talker) -> None:
    asked = [FIRST, FIRST + 1, FIRST + 2]
    assert [each["id"] for each in bulk(directory, *asked)] != asked
    directory.set(ordered=True)
    assert [each["id"] for each in bulk(directory, *asked)] == asked


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/v1/companies", {"permalinks": "1"}),
        ("/v1/companies", {"permalinks": "", "expand": ""}),
        ("/v1/companies", {"permalinks": "a", "expand": ""}),
        ("/v1/companies", {"permalinks": ",".join(["1"] * 101), "expand": ""}),
        ("/v1/companies", {"permalinks": "1", "expand": "names"}),
        ("/v1/companies", {"permalinks": "1", "expand": "OWNER_UIDS"}),
        ("/v1/companies", {"permalinks": "1", "expand": "", "more": "1"}),
        ("/v1/companies/1", {}),
        ("/v1/companies/search", {"expand": ""}),
        ("/v1/companies/search", {"text": "a", "expand": "", "limit": "0"}),
        ("/v1/metrika", {"permalinkIds": ",".join(["1"] * 101)}),
        (f"/v1/companies/{FIRST}/is-owner", {"uid": "me"}),
    ],
)
def test_query_that_is_not_the_contracts_is_refused(
    directory: Talker, path: str, query: dict[str, str]
) -> None:
    assert directory.get(path, **query).status == 400


def test_bearer_token_is_required(directory: Talker) -> None:
    directory.token = None
    assert directory.get(f"/v1/companies/{FIRST}", expand="").status == 401


@pytest.mark.requirement("R60")
def test_organizations_are_not_created_here(directory: Talker) -> None:
    assert directory.post("/v1/companies", {}).status == 501


def test_two_creations_without_a_key_make_two_counters(directory: Talker) -> None:
    first, again = directory.post(CREATE, None), directory.post(CREATE, None)
    assert first.json != again.json
    assert len(directory.control("GET", "audit")["counters"][str(FIRST + 1)]) == 2
    read = directory.get("/v1/metrika", permalinkIds=f"{FIRST},{FIRST + 1},{FIRST + 2}").json
    assert {each["permalink"] for each in read["counters"]} == {FIRST, FIRST + 1}


@pytest.mark.parametrize(("keys", "made"), [("honour", 1), ("ignore", 2), ("refuse", 0)])
def test_keys_are_honoured_ignored_or_refused(directory: Talker, keys: str, made: int) -> None:
    directory.set(keys=keys)
    key = {"Idempotency-Key": "k"}
    statuses = [directory.ask("POST", CREATE, headers=key).status for _ in range(2)]
    assert statuses == ([200, 200] if made else [400, 400])
    counters = directory.control("GET", "audit")["counters"]
    assert len(counters.get(str(FIRST + 1), [])) == made


def test_key_does_not_serve_another_organization(directory: Talker) -> None:
    key = {"Idempotency-Key": "k"}
    directory.ask("POST", CREATE, headers=key)
    other = f"/v3/companies/{FIRST + 2}/create-metrika"
    assert directory.ask("POST", other, headers=key).status == 422


def test_faults_are_scripted_by_permalink_and_attempt(directory: Talker) -> None:
    script(
        directory,
        {"kind": "status", "status": 500},
        {"kind": "ok"},
        {"kind": "status", "status": 429, "retry_after": 2},
        permalink=FIRST,
    )
    path = f"/v1/companies/{FIRST}"
    answers = [
        directory.ask("GET", path, query={"expand": ""}, headers={"X-Call-Id": call})
        for call in ("a", "b", "a", "a", "b")
    ]
    assert [each.status for each in answers] == [500, 500, 200, 429, 200]
    assert answers[3].headers["retry-after"] == "2"
    assert directory.get("/v1/companies/7", expand="").status == 404  # another permalink
    assert directory.control("GET", "audit")["attempts"] == {"a": 3, "b": 2}


def test_answers_can_be_cut_late_no_json_or_lack_somebody(directory: Talker) -> None:
    script(
        directory, {"kind": "drop", "ids": [FIRST]}, {"kind": "not_json"},
        {"kind": "late", "seconds": 0.2},
    )  # fmt: skip
    assert [each["id"] for each in bulk(directory, FIRST, FIRST + 1)] == [FIRST + 1]
    odd = directory.get(f"/v1/companies/{FIRST}", expand="")
    assert (odd.status, odd.body[:6]) == (200, b"<html>")
    began = time.monotonic()
    bulk(directory, FIRST)
    assert time.monotonic() - began >= 0.2


def test_odd_scripts_are_refused(directory: Talker) -> None:
    for odd in ({}, {"attempts": [{"kind": "none"}]}, {"attempts": [], "path": "/"}):
        assert directory.ask("POST", "/_control/scripts", odd).status == 400


@pytest.mark.requirement("R29")
def test_picker_shows_what_can_be_picked(directory: Talker) -> None:
    directory.control(
        "PUT",
        "organizations/7",
        {"names": [{"lang": "ru", "value": "Кафе <b>«У»</b>", "kind": "main"}]},
    )
    directory.token = None  # a browser has none
    page = directory.get("/picker", text="кафе <b>")
    assert page.headers["content-type"].startswith("text/html")
    assert 'data-permalink="7"' in page.body.decode()
    assert "<b>" not in page.body.decode()
