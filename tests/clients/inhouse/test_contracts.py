"""What the clients send and what the emulators answer, held against docs/contracts."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import orjson
import pytest
from openapi_schema_validator import OAS31Validator, oas31_format_checker
from openapi_spec_validator.readers import read_from_filename

from clients.calls import Answer, Call
from clients.errors import ValidationError
from clients.feeds import Feeds
from clients.offers import Offers
from clients.pacing import Lane
from clients.sellers import Sellers
from clients.snatcher import Snatcher
from clients.transport import PATIENCE, Transport
from tests.clients.inhouse.conftest import NOBODY, SELLER, SERVICES, House

CONTRACTS = Path(__file__).resolve().parents[3] / "docs/contracts"
URL = "https://shop.example.ru/feed.xml"
KNOWN = [str(number) for number in range(10_000_000, 10_000_050)]


class Overheard(Transport):
    """Keeps what was said over it."""

    exchanges: list[tuple[Call, Answer]]

    def exchange(
        self,
        call: Call,
        *,
        lane: Lane,
        patience: float = PATIENCE,
        before_first_byte: Callable[[], float] | None = None,
    ) -> Answer:
        answer = super().exchange(
            call, lane=lane, patience=patience, before_first_byte=before_first_byte
        )
        self.exchanges = [*getattr(self, "exchanges", []), (call, answer)]
        return answer


def use_sellers(transport: Transport) -> None:
    sellers = Sellers(transport)
    assert [sellers.get(name) is None for name in (SELLER, NOBODY)] == [False, True]


def use_offers(transport: Transport) -> None:
    assert all(Offers(transport).stats(name).offers_total > 0 for name in KNOWN[:3])
    Offers(transport).stats(NOBODY)


def use_feeds(transport: Transport) -> None:
    feeds = Feeds(transport)
    assert feeds.lookup(KNOWN)
    feeds.put(SELLER, URL)
    with pytest.raises(ValidationError):
        feeds.put(NOBODY, URL)


def use_snatcher(transport: Transport) -> None:
    snatcher = Snatcher(transport)
    snatcher.start(URL, "+79001234567", idempotency_key="k")
    assert [snatcher.find(key) is None for key in ("k", "other")] == [False, True]
    with pytest.raises(ValidationError):
        snatcher.start(URL, "1", idempotency_key="other")


USES = {
    "sellers": use_sellers,
    "offers": use_offers,
    "feeds": use_feeds,
    "snatcher": use_snatcher,
}


@pytest.mark.parametrize("service", SERVICES)
def test_everything_that_is_said_is_in_the_contract(house: House, service: str) -> None:
    house.make = Overheard
    transport = house.transport(service)
    assert isinstance(transport, Overheard)
    USES[service](transport)
    spec, _ = read_from_filename(str(CONTRACTS / f"{service}.openapi.yaml"))
    said = {_check(spec, call, answer) for call, answer in transport.exchanges}
    assert said == {
        (method, template, status)
        for template, operations in spec["paths"].items()
        for method, operation in operations.items()
        for status in operation["responses"]
    }


def _check(spec: Mapping[str, Any], call: Call, answer: Answer) -> tuple[str, str, str]:
    """One exchange; which of the contract's answers it was."""
    method, template = call.method.lower(), _template(spec, call.path)
    operation = spec["paths"][template][method]
    if "requestBody" in operation:
        assert call.body is not None
        _fits(spec, operation["requestBody"], call.body)
    given = {"header": call.headers, "query": dict(call.params)}
    for parameter in operation.get("parameters", []):
        if parameter["in"] in given:
            assert parameter["name"] in given[parameter["in"]]
    _fits(spec, operation["responses"][str(answer.status)], answer.body)
    return method, template, str(answer.status)


def _fits(spec: Mapping[str, Any], promised: Mapping[str, Any], body: bytes) -> None:
    schema = promised["content"]["application/json"]["schema"]
    validator = OAS31Validator(
        {**schema, "components": spec["components"]}, format_checker=oas31_format_checker
    )
    assert [error.message for error in validator.iter_errors(orjson.loads(body))] == []


def _template(spec: Mapping[str, Any], path: str) -> str:
    steps = path.split("/")
    [template] = [
        each
        for each in spec["paths"]
        if len(each.split("/")) == len(steps)
        and all(
            ours == unquote(theirs) or ours.startswith("{")
            for ours, theirs in zip(each.split("/"), steps, strict=True)
        )
    ]
    return str(template)
