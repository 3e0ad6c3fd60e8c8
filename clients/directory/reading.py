"""The Directory's JSON as records (docs/contracts/directory.openapi.yaml)."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from clients.directory.cabinet import with_source
from clients.directory.fields import Field
from clients.directory.records import (
    Address,
    Chain,
    Name,
    Organization,
    Phone,
    Rubric,
    Url,
    WorkInterval,
)
from clients.shapes import (
    JsonObject,
    ShapeError,
    complete,
    count,
    integer,
    integer_or_none,
    objects,
    text,
    text_or_none,
    texts,
    yes_or_no,
)


def organization(
    found: JsonObject, fields: frozenset[Field], asked: frozenset[int] | None
) -> Organization:
    """One that was `asked` for (None: a search's), with all `fields` that were."""
    permalink = count(found, "id")
    if asked is not None and permalink not in asked:
        raise ShapeError("id is one that was not asked for")
    complete(found, *(field.key for field in fields))
    values: dict[str, Any] = {
        _NAMES.get(field, field.key): _READERS[field](found) for field in fields
    }
    return replace(Organization(permalink), **values)


def organizations(
    found: JsonObject, fields: frozenset[Field], asked: frozenset[int] | None
) -> list[Organization]:
    """A list of them, none twice."""
    listed = [organization(each, fields, asked) for each in objects(found, "companies")]
    if len({each.permalink for each in listed}) < len(listed):
        raise ShapeError("id is there twice")
    return listed


def counters(found: JsonObject, asked: frozenset[int]) -> dict[int, int]:
    """Counter by permalink, of those that have one."""
    read = [(count(each, "permalink"), count(each, "counter_id"))
            for each in objects(found, "counters")]  # fmt: skip
    if not {permalink for permalink, _ in read} <= asked:
        raise ShapeError("permalink is one that was not asked for")
    return dict(read)


def _address(found: JsonObject) -> Address | None:
    place = _object_or_none(found, "address")
    if place is None:
        return None
    return Address(
        text=text(place, "text"),
        region_id=integer_or_none(place, "region_id"),
        post_index=text_or_none(place, "post_index"),
        lat=_number_or_none(place, "lat"),
        lon=_number_or_none(place, "lon"),
    )


def _chain(found: JsonObject) -> Chain | None:
    chain = _object_or_none(found, "chain")
    return None if chain is None else Chain(count(chain, "id"), text(chain, "name"))


def _counter(found: JsonObject) -> int | None:
    data = _object_or_none(found, "metrika_data")
    return None if data is None else count(data, "counter_id")


def _phone(each: JsonObject) -> Phone:
    return Phone(
        text(each, "number"), text_or_none(each, "ext"), text_or_none(each, "info"),
        text(each, "type"),
    )  # fmt: skip


def _interval(each: JsonObject) -> WorkInterval:
    return WorkInterval(_integers(each, "days"), text(each, "from"), text(each, "to"))


def _rubric_defs(found: JsonObject) -> dict[int, Mapping[str, str]]:
    defs = found.get("rubric_defs")
    if not isinstance(defs, dict):
        raise ShapeError("rubric_defs is no object")
    read: dict[int, Mapping[str, str]] = {}
    for rubric, names in defs.items():
        if not (rubric.isascii() and rubric.isdigit() and isinstance(names, dict)):
            raise ShapeError("rubric_defs: names by language, by rubric")
        read[int(rubric)] = {lang: text(names, lang) for lang in names}
    return read


def _object_or_none(source: JsonObject, name: str) -> JsonObject | None:
    value = source.get(name)
    if value is None or isinstance(value, dict):
        return value
    raise ShapeError(f"{name} is {type(value).__name__}, not an object")


def _number_or_none(source: JsonObject, name: str) -> float | None:
    value = source.get(name)
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    raise ShapeError(f"{name} is {type(value).__name__}, not a number")


def _integers(source: JsonObject, name: str) -> tuple[int, ...]:
    value = source.get(name)
    if isinstance(value, list) and all(type(each) is int for each in value):
        return tuple(value)
    raise ShapeError(f"{name} is no list of whole numbers")


_NAMES = {Field.METRIKA_DATA: "counter_id"}  # what the record calls by another name
# By field; None stands for what an organisation does not have.
_READERS: Mapping[Field, Callable[[JsonObject], object]] = {
    Field.HEAD_PERMALINK: lambda found: integer_or_none(found, "head_permalink"),
    Field.DUPLICATES: lambda found: _integers(found, "duplicates"),
    Field.PUBLISHING_STATUS: lambda found: text(found, "publishing_status"),
    Field.NAMES: lambda found: tuple(
        Name(text(each, "lang"), text(each, "value"), text(each, "kind"))
        for each in objects(found, "names")
    ),
    Field.ADDRESS: _address,
    Field.PHONES: lambda found: tuple(map(_phone, objects(found, "phones"))),
    Field.URLS: lambda found: tuple(
        Url(text(each, "value"), text(each, "kind")) for each in objects(found, "urls")
    ),
    Field.EMAILS: lambda found: tuple(texts(found, "emails")),
    Field.RUBRICS: lambda found: tuple(
        Rubric(integer(each, "id"), yes_or_no(each, "main")) for each in objects(found, "rubrics")
    ),
    Field.RUBRIC_DEFS: _rubric_defs,
    Field.CHAIN: _chain,
    Field.IS_ONLINE: lambda found: yes_or_no(found, "is_online"),
    Field.WORK_INTERVALS: lambda found: tuple(map(_interval, objects(found, "work_intervals"))),
    Field.LK_LINK: lambda found: with_source(text_or_none(found, "lk_link")),
    Field.BUSINESS_PROFILE_LINK: lambda found: text_or_none(found, "business_profile_link"),
    Field.METRIKA_DATA: _counter,
}
