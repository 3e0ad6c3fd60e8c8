"""An organisation as the Directory tells about it. What was not asked for is empty or None."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Name:
    """`kind`: main, short or other."""

    lang: str
    value: str
    kind: str


@dataclass(frozen=True, slots=True)
class Address:
    text: str
    region_id: int | None
    post_index: str | None
    lat: float | None
    lon: float | None


@dataclass(frozen=True, slots=True)
class Phone:
    """`kind`: phone, fax or phone-fax."""

    number: str
    ext: str | None
    info: str | None
    kind: str


@dataclass(frozen=True, slots=True)
class Url:
    """`kind`: main, social or add."""

    value: str
    kind: str


@dataclass(frozen=True, slots=True)
class Rubric:
    rubric_id: int
    main: bool


@dataclass(frozen=True, slots=True)
class Chain:
    chain_id: int
    name: str


@dataclass(frozen=True, slots=True)
class WorkInterval:
    """`days`: 1 is Monday; `opens`, `closes`: HH:MM."""

    days: tuple[int, ...]
    opens: str
    closes: str


@dataclass(frozen=True, slots=True)
class Organization:
    """`publishing_status`: the Directory's own word, or DUPLICATE where we recognised one.

    `head_permalink`: the organisation that this one duplicates, or itself. `duplicates`: of it.
    `rubric_defs`: names by language, by rubric. `lk_link`: the owner's cabinet.
    """

    permalink: int
    head_permalink: int | None = None
    duplicates: tuple[int, ...] = ()
    publishing_status: str | None = None
    names: tuple[Name, ...] = ()
    address: Address | None = None
    phones: tuple[Phone, ...] = ()
    urls: tuple[Url, ...] = ()
    emails: tuple[str, ...] = ()
    rubrics: tuple[Rubric, ...] = ()
    rubric_defs: Mapping[int, Mapping[str, str]] | None = None
    chain: Chain | None = None
    is_online: bool | None = None
    work_intervals: tuple[WorkInterval, ...] = ()
    lk_link: str | None = None
    business_profile_link: str | None = None
    counter_id: int | None = None
