"""get_info: what is shown of organizations before they are linked."""

import pytest

from tests.clients.directory.conftest import Emulated
from tests.organizations.api.conftest import Answered, Api
from tests.sharded import on_shards

pytestmark = on_shards

SHOP, OTHER, NOBODY = 51, 52, 5
PLACE = {
    "text": "Казань, Баумана, 1",
    "region_id": 43,
    "post_index": "420000",
    "lat": 55.7,
    "lon": 49.1,
}


def number(number: str, *, kind: str = "phone", ext: str | None = None) -> dict[str, object]:
    return {"number": number, "ext": ext, "info": None, "type": kind}


def get_info(api: Api, *permalinks: int, **more: object) -> Answered:
    return api.post("/get_info", {"permalinks": list(permalinks), **more})


@pytest.mark.requirement("R23")
@pytest.mark.requirement("R24")
@pytest.mark.requirement("R30")
def test_a_preview_has_name_status_phone_and_address(api: Api, emulated: Emulated) -> None:
    names = [
        {"lang": "en", "value": "Plum", "kind": "main"},
        {"lang": "ru", "value": "Сл.", "kind": "short"},
        {"lang": "ru", "value": "Слива", "kind": "main"},
    ]
    phones = [number("+78430000001", kind="fax"), number("+78430000002", ext="7")]
    emulated.put(SHOP, names=names, phones=phones, address=PLACE)
    answered = get_info(api, SHOP)
    assert answered.status == 200
    assert answered.body == {
        "organizations": [
            {
                "permalink": SHOP,
                "name": "Слива",
                "status": "PUBLISHED",
                "severity": "ok",
                "phone": "+78430000002 доб. 7",
                "address": PLACE["text"],
                "counter_id": None,
                "refusal": None,
            }
        ],
        "not_found": [],
    }


@pytest.mark.requirement("R27")
@pytest.mark.requirement("R28")
@pytest.mark.parametrize(
    ("said", "shown", "severity"),
    [
        ("PUBLISH", "PUBLISHED", "ok"),
        ("MOVED", "MOVED", "warning"),
        ("TEMPORARILY_CLOSED", "TEMPORARILY_CLOSED", "warning"),
        ("CLOSED", "UNPUBLISHED", "error"),
        ("GEO_SPAM", "UNPUBLISHED", "error"),
        ("SOMETHING_NEW", "UNPUBLISHED", "error"),
    ],
)
def test_a_status_has_our_word_and_its_colour(
    api: Api, emulated: Emulated, said: str, shown: str, severity: str
) -> None:
    emulated.put(SHOP, publishing_status=said)
    [found] = get_info(api, SHOP).body["organizations"]
    assert (found["status"], found["severity"]) == (shown, severity)
    refused = None if said == "PUBLISH" else "organization.not_published"
    assert (found["refusal"] and found["refusal"]["code"]) == refused


@pytest.mark.requirement("R26")
@pytest.mark.requirement("R82")
@pytest.mark.requirement("R83")
@pytest.mark.requirement("C19")
@pytest.mark.parametrize(
    ("count", "asked"), [(1, {"single": 1}), (2, {"bulk": 1}), (100, {"bulk": 1})]
)
def test_one_is_asked_by_itself_and_several_in_bulk(
    api: Api, emulated: Emulated, count: int, asked: dict[str, int]
) -> None:
    permalinks = list(range(SHOP + count - 1, SHOP - 1, -1))
    for each in permalinks:
        emulated.put(each)
    found = get_info(api, *permalinks).body["organizations"]
    assert [each["permalink"] for each in found] == permalinks
    assert emulated.asked() == asked


@pytest.mark.requirement("C19")
def test_the_same_one_twice_is_one(api: Api, emulated: Emulated) -> None:
    emulated.put(SHOP)
    assert len(get_info(api, SHOP, SHOP).body["organizations"]) == 1
    assert emulated.asked() == {"single": 1}


@pytest.mark.requirement("R25")
def test_counters_are_told_and_made_only_where_asked_for(api: Api, emulated: Emulated) -> None:
    emulated.put(SHOP, metrika_data={"counter_id": 77})
    emulated.put(OTHER)
    silent = get_info(api, SHOP, OTHER).body["organizations"]
    assert [each["counter_id"] for each in silent] == [None, None]
    assert emulated.counters() == {}
    told = get_info(api, SHOP, OTHER, fields=["metrika"]).body["organizations"]
    [made] = emulated.counters()[str(OTHER)]
    assert [each["counter_id"] for each in told] == [77, made]


@pytest.mark.requirement("C6")
def test_a_duplicate_names_its_original(api: Api, emulated: Emulated) -> None:
    emulated.put(SHOP, head_permalink=OTHER)
    [found] = get_info(api, SHOP).body["organizations"]
    assert (found["status"], found["severity"]) == ("UNPUBLISHED", "error")
    assert found["refusal"]["code"] == "organization.duplicate_of"
    assert found["refusal"]["details"] == {"permalink": SHOP, "original": OTHER}
    assert f"привяжите {OTHER}" in found["refusal"]["detail"]


def test_what_the_directory_does_not_know_is_named(api: Api, emulated: Emulated) -> None:
    emulated.put(SHOP)
    answered = get_info(api, NOBODY, SHOP)
    assert [each["permalink"] for each in answered.body["organizations"]] == [SHOP]
    assert answered.body["not_found"] == [NOBODY]


def test_a_directory_that_is_away_is_a_503_that_says_when(api: Api, emulated: Emulated) -> None:
    emulated.script({"kind": "refuse", "status": 400}, forever=True)
    answered = get_info(api, SHOP)
    assert (answered.status, answered.code) == (503, "organization.directory_unavailable")
    assert answered.headers["Retry-After"] == "60"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"permalinks": []},
        {"permalinks": [1] * 101},
        {"permalinks": 1},
        {"permalinks": [0]},
        {"permalinks": [-1]},
        {"permalinks": [2**63]},
        {"permalinks": ["1"]},
        {"permalinks": [1.0]},
        {"permalinks": [True]},
        {"permalinks": [None]},
        {"permalinks": [1], "fields": ["emails"]},
        {"permalinks": [1], "fields": "metrika"},
        {"permalinks": [1], "feilds": ["metrika"]},
        [1],
        1,
        None,
    ],
)
def test_a_wrong_request_is_a_400_and_asks_nobody(
    api: Api, emulated: Emulated, body: object
) -> None:
    answered = api.post("/get_info", body)
    assert (answered.status, answered.code) == (400, "request.invalid")
    assert answered.body["details"]["fields"]
    assert emulated.asked() == {}


def test_the_largest_number_is_just_unknown(api: Api, emulated: Emulated) -> None:
    assert get_info(api, 2**63 - 1).body["not_found"] == [2**63 - 1]
