"""The requests themselves, as the Directory gets them."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import orjson
import pytest

from clients.calls import Answer, Call
from clients.directory.client import Directory
from clients.directory.fields import Field
from clients.single_flight import RedisSingleFlight
from tests.clients.contracts import Overheard
from tests.clients.directory.conftest import Emulated, hedged

FIRST = 1_000_000_001
NAMES = {Field.NAMES}
PREVIEW = (
    "ADDRESS,HEAD_PERMALINK,IS_ONLINE,LK_LINK,NAMES,PHONES,PUBLISHING_STATUS,RUBRICS,RUBRIC_DEFS,URLS,"
    "WORK_INTERVALS"
)
SOUGHT = [
    ("text", "кафе"),
    ("limit", "5"),
    ("offset", "10"),
    ("region", "213"),
    ("expand", "NAMES"),
]


@dataclass(slots=True)
class Heard:
    """A client, and what it said."""

    directory: Directory
    transports: list[Overheard]

    @property
    def said(self) -> list[tuple[Call, Answer]]:
        return [each for transport in self.transports for each in transport.exchanges]

    @property
    def calls(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """Method and path, and the query, of each call."""
        return [(f"{call.method} {call.path}", list(call.params)) for call, _ in self.said]


@pytest.fixture
def heard(emulated: Emulated, flights: RedisSingleFlight) -> Iterator[Heard]:
    transports: list[Overheard] = []

    class Kept(Overheard):
        def __init__(self, **given: Any) -> None:
            super().__init__(**given)
            transports.append(self)

    with closing(hedged(emulated.server.url, connect=Kept)) as service:
        yield Heard(Directory(service, flights=flights), transports)


@pytest.mark.requirement("R59")
@pytest.mark.requirement("R92")
def test_the_bulk_request_names_permalinks_and_fields(heard: Heard) -> None:
    heard.directory.bulk([FIRST], fields=NAMES)
    heard.directory.bulk([FIRST, FIRST + 1], fields=NAMES)
    both = [("permalinks", f"{FIRST},{FIRST + 1}"), ("expand", "DUPLICATES,HEAD_PERMALINK,NAMES")]
    assert heard.calls == [
        ("GET /v1/companies", [("permalinks", str(FIRST)), ("expand", "NAMES")]),
        ("GET /v1/companies", both),
    ]


@pytest.mark.requirement("R59")
@pytest.mark.requirement("R92")
def test_a_bulk_request_names_a_hundred_at_most_and_every_one_once(heard: Heard) -> None:
    asked = [FIRST + number for number in range(150)]
    heard.directory.bulk([*asked, *asked], fields=NAMES)
    named = [dict(query)["permalinks"].split(",") for _, query in heard.calls]
    assert sorted(map(len, named)) == [50, 100]
    assert sorted(int(each) for portion in named for each in portion) == asked


@pytest.mark.requirement("R92")
def test_a_bulk_answer_comes_in_any_order_without_who_is_not_known(
    heard: Heard, emulated: Emulated
) -> None:
    asked = [FIRST + number for number in range(8)]
    found = heard.directory.bulk([*asked, 5], fields=NAMES)
    [said] = [answer for call, answer in heard.said if call.path == "/v1/companies"]
    order = [each["id"] for each in orjson.loads(said.body)["companies"]]
    assert order != sorted(order)
    assert set(found) == set(asked)


@pytest.mark.requirement("R89")
def test_the_single_request_asks_for_what_the_interface_shows(heard: Heard) -> None:
    heard.directory.preview([FIRST])
    assert heard.calls == [(f"GET /v1/companies/{FIRST}", [("expand", PREVIEW)])]


@pytest.mark.requirement("R85")
@pytest.mark.requirement("R90")
def test_counters_alone_are_one_request_of_their_own(heard: Heard, emulated: Emulated) -> None:
    emulated.put(7, metrika_data={"counter_id": 70})
    emulated.put(8, metrika_data={"counter_id": 80})
    assert heard.directory.counters([7, 8]) == {7: 70, 8: 80}
    assert heard.calls == [("GET /v1/metrika", [("permalinkIds", "7,8")])]


@pytest.mark.requirement("R91")
def test_a_counter_is_created_by_a_post_under_a_key_of_the_call(
    heard: Heard, emulated: Emulated
) -> None:
    emulated.put(7)
    emulated.script({"kind": "status", "status": 500}, endpoint="create-metrika")
    heard.directory.counters([7])
    created = [call for call, _ in heard.said if call.method == "POST"]
    assert {call.path for call in created} == {"/v3/companies/7/create-metrika"}
    [key] = {call.headers["Idempotency-Key"] for call in created}
    assert len(key) == 32


@pytest.mark.requirement("R61")
@pytest.mark.requirement("R93")
def test_the_search_names_text_region_and_page(heard: Heard) -> None:
    heard.directory.search("кафе", region=213, limit=5, offset=10, fields=NAMES)
    assert heard.calls == [("GET /v1/companies/search", SOUGHT)]
