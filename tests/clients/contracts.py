"""What clients say and services answer, held against docs/contracts."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import orjson
from openapi_schema_validator import OAS31Validator, oas31_format_checker
from openapi_spec_validator.readers import read_from_filename

from clients.calls import Answer, Call
from clients.pacing import Lane
from clients.transport import PATIENCE, Transport

CONTRACTS = Path(__file__).resolve().parents[2] / "docs/contracts"


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


def assert_all_said_is_promised(service: str, exchanges: Iterable[tuple[Call, Answer]]) -> None:
    """Each exchange fits the contract, and each answer that it promises was given."""
    spec, _ = read_from_filename(str(CONTRACTS / f"{service}.openapi.yaml"))
    said = {_check(spec, call, answer) for call, answer in exchanges}
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
    for parameter in (_meant(spec, each) for each in operation.get("parameters", [])):
        if parameter["in"] in given and parameter["required"]:
            assert parameter["name"] in given[parameter["in"]]
    _fits(spec, _meant(spec, operation["responses"][str(answer.status)]), answer.body)
    return method, template, str(answer.status)


def _meant(spec: Mapping[str, Any], node: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a reference into the components refers to."""
    if "$ref" not in node:
        return node
    _, _, kind, name = node["$ref"].split("/")
    found: Mapping[str, Any] = spec["components"][kind][name]
    return found


def _fits(spec: Mapping[str, Any], promised: Mapping[str, Any], body: bytes) -> None:
    schema = promised["content"]["application/json"]["schema"]
    validator = OAS31Validator(
        {**schema, "components": spec["components"]}, format_checker=oas31_format_checker
    )
    assert [error.message for error in validator.iter_errors(orjson.loads(body))] == []


def _template(spec: Mapping[str, Any], path: str) -> str:
    steps = path.split("/")
    template, *_ = [
        each
        for each in sorted(spec["paths"], key=lambda path: path.count("{"))
        if len(each.split("/")) == len(steps)
        and all(
            ours == unquote(theirs) or ours.startswith("{")
            for ours, theirs in zip(each.split("/"), steps, strict=True)
        )
    ]
    return str(template)
