"""What a person sees of an organization before linking it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from clients.directory import records
from clients.directory.client import Directory
from clients.directory.duplicates import DUPLICATE
from clients.directory.fields import PREVIEW, Field
from clients.errors import ServiceError
from organizations import refusals
from organizations.refusals import LinkRefusedError
from organizations.statuses import Severity, Status, of_directory, severity

MOST_PERMALINKS = 100  # what the Directory answers at once: a person waits for it
# Seconds: a bulk request and the look-up of what it left out, each at its worst. The rest is for
# counters that have to be created.
DEADLINE = 8.0
LANGUAGE, MAIN = "ru", "main"
NUMBER_KINDS = ("phone", "phone-fax")


class Extra(StrEnum):
    """What is shown only where it is asked for."""

    METRIKA = "metrika"  # a counter that is missing is created


FIELDS: Final = {Extra.METRIKA: Field.METRIKA_DATA}


@dataclass(frozen=True, slots=True)
class Preview:
    """`refusal`: why it cannot be linked as it is, and what to do about it."""

    permalink: int
    name: str
    status: Status
    severity: Severity
    phone: str | None
    address: str | None
    counter_id: int | None
    refusal: LinkRefusedError | None


def get_info(
    *, permalinks: Sequence[int], directory: Directory, fields: Collection[Extra] = ()
) -> list[Preview]:
    """Those of the organizations that the Directory knows, in the order asked for.

    Exactly one is asked for by itself, more in bulk (the client's `preview` decides). Raises
    LinkRefusedError where the Directory brings no answer.
    """
    wanted = PREVIEW | {FIELDS[each] for each in fields}
    try:
        found = directory.preview(permalinks, fields=wanted, deadline=DEADLINE)
    except ServiceError as error:
        raise _unavailable() from error
    asked = dict.fromkeys(permalinks)
    return [_preview(found[each]) for each in asked if each in found]


def _preview(found: records.Organization) -> Preview:
    said = found.publishing_status or ""
    status = of_directory(said)
    return Preview(
        permalink=found.permalink,
        name=_name(found.names),
        status=status,
        severity=severity(status),
        phone=_phone(found.phones),
        address=found.address.text if found.address is not None else None,
        counter_id=found.counter_id,
        refusal=_refusal(found, said, status),
    )


def _refusal(found: records.Organization, said: str, status: Status) -> LinkRefusedError | None:
    if status is Status.PUBLISHED:
        return None
    if said == DUPLICATE and found.head_permalink:
        return refusals.duplicate_of(found.permalink, found.head_permalink)
    return refusals.not_published(found.permalink, status)


def _name(names: Sequence[records.Name]) -> str:
    """The main name, in Russian where there is one."""
    best = sorted(names, key=lambda each: (each.kind != MAIN, each.lang != LANGUAGE))
    return best[0].value if best else ""


def _phone(phones: Sequence[records.Phone]) -> str | None:
    """The first number that somebody answers."""
    for each in phones:
        if each.kind in NUMBER_KINDS:
            return each.number if each.ext is None else f"{each.number} доб. {each.ext}"
    return None


def _unavailable() -> LinkRefusedError:
    return LinkRefusedError(
        refusals.directory_unavailable().code, "Справочник не отвечает: повторите через минуту"
    )
