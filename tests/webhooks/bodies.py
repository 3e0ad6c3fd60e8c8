"""Webhook bodies as amoCRM writes them: PHP's http_build_query over nested data."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

ACCOUNT_ID = 29_000_001
ACCOUNT = {"subdomain": "emulator", "id": ACCOUNT_ID}


def body(**groups: Any) -> bytes:
    """`leads={"status": [{...}]}`; the account is ours unless it is given."""
    return urlencode(list(_pairs({"account": ACCOUNT} | groups))).encode()


def company(
    company_id: int,
    *,
    action: str = "update",
    last_modified: int | None = None,
    fields: Mapping[str, str] | None = None,
    **more: Any,
) -> bytes:
    """One company; `fields`: code -> value. Without `last_modified`: a button's."""
    item: dict[str, Any] = {"id": company_id, "name": "Компания", **more}
    if last_modified is not None:
        item |= {"date_create": 1_600_000_000, "last_modified": last_modified, **more}
    item["custom_fields"] = custom_fields(fields or {})
    return body(contacts={action: [item | {"type": "company"}]})


def lead(
    lead_id: int,
    *,
    status: tuple[int, int],
    action: str = "status",
    last_modified: int | None = None,
    **more: Any,
) -> bytes:
    """One lead in a stage (pipeline, status); without `last_modified` a Digital Pipeline body."""
    item: dict[str, Any] = {"id": lead_id, "status_id": status[1], "pipeline_id": status[0], **more}
    if last_modified is not None:
        item["last_modified"] = last_modified
    return body(leads={action: [item]})


def custom_fields(fields: Mapping[str, str]) -> Sequence[Mapping[str, Any]]:
    """As cards have them: id, name, values, and the code last."""
    return [
        {"id": 500_000 + place, "name": code, "values": [{"value": value}], "code": code}
        for place, (code, value) in enumerate(fields.items())
    ]


def _pairs(data: Any, path: str = "") -> Iterator[tuple[str, str]]:
    items = enumerate(data) if isinstance(data, list | tuple) else data.items()
    for key, value in items:
        name = f"{path}[{key}]" if path else str(key)
        if isinstance(value, Mapping | list | tuple):
            yield from _pairs(value, name)
        elif value is not None:
            yield name, str(value)
