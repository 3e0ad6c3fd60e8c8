from typing import Any

import pytest

from emulators.amocrm.account import TRANSFER_STATUS
from tests.emulators.talking import Answer, Talker

LEADS = "/api/v4/leads"


def ids(answer: Answer) -> list[int]:
    if answer.status == 204:
        return []
    assert answer.status == 200, answer.body
    return [lead["id"] for lead in answer.json["_embedded"]["leads"]]


def make(amocrm: Talker, count: int) -> list[int]:
    leads = (amocrm.control("POST", "leads", {"name": str(number)}) for number in range(count))
    return [lead["id"] for lead in leads]


def test_empty_list_is_204(amocrm: Talker) -> None:
    assert amocrm.get(LEADS).status == 204


def test_pages_follow_the_limit_and_end_with_204(amocrm: Talker) -> None:
    made = make(amocrm, 5)
    first = amocrm.get(LEADS, limit=2, **{"order[id]": "asc"})
    assert (ids(first), first.json["_page"]) == (made[:2], 1)
    assert first.json["_links"]["next"]["href"].endswith("order%5Bid%5D=asc&page=2")
    last = amocrm.get(LEADS, limit=2, page=3)
    assert ids(last) == made[4:]
    assert "next" not in last.json["_links"]
    assert amocrm.get(LEADS, limit=2, page=4).status == 204
    assert amocrm.get(LEADS, limit=251).status == 422


def test_leads_are_listed_as_by_id(amocrm: Talker) -> None:
    (lead,) = make(amocrm, 1)
    (listed,) = amocrm.get(LEADS).json["_embedded"]["leads"]
    assert listed == amocrm.get(f"{LEADS}/{lead}").json


@pytest.mark.parametrize(("direction", "turned"), [("asc", [1, 2, 0]), ("desc", [0, 2, 1])])
def test_order_by_updated_at(amocrm: Talker, direction: str, turned: list[int]) -> None:
    made = make(amocrm, 3)
    amocrm.control("POST", "clock", {"advance": 60})
    amocrm.control("PATCH", f"leads/{made[0]}", {"status": TRANSFER_STATUS})
    listed = ids(amocrm.get(LEADS, **{"order[updated_at]": direction}))
    assert listed == [made[place] for place in turned]


def test_order_by_id_the_other_way(amocrm: Talker) -> None:
    made = make(amocrm, 3)
    assert ids(amocrm.get(LEADS, **{"order[id]": "desc"})) == made[::-1]


def test_filter_by_updated_at(amocrm: Talker) -> None:
    made = make(amocrm, 3)
    moved_at = amocrm.control("POST", "clock", {"advance": 600})["now"]
    amocrm.control("PATCH", f"leads/{made[1]}", {"price": 5})
    since = {"filter[updated_at][from]": int(moved_at) - 5}
    assert ids(amocrm.get(LEADS, **since)) == [made[1]]
    assert ids(amocrm.get(LEADS, **{"filter[updated_at][to]": int(moved_at) - 5})) == [
        made[0],
        made[2],
    ]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"filter[status_id]": 57_000_203}, [0]),
        ({"filter[pipeline_id][]": 7_000_101}, [1]),
        ({"query": "СДЕЛКА"}, [0, 1]),
        ({"query": "+7900"}, [1]),
    ],
)
def test_filters_and_query_work_as_for_companies(
    amocrm: Talker, query: dict[str, Any], found: list[int]
) -> None:
    made = [
        amocrm.control("POST", "leads", {"status": TRANSFER_STATUS})["id"],
        amocrm.control("POST", "leads", {"fields": {"Телефон для выгрузки": "+7900"}})["id"],
    ]
    assert ids(amocrm.get(LEADS, **query)) == [made[place] for place in found]


def test_deleted_leads_are_not_listed(amocrm: Talker) -> None:
    made = make(amocrm, 2)
    amocrm.control("DELETE", f"leads/{made[0]}")
    assert ids(amocrm.get(LEADS)) == made[1:]
    note = {"note_type": "common", "params": {"text": "Привет"}}
    assert amocrm.post(f"{LEADS}/{made[0]}/notes", [note]).status == 404
