"""The fields of our table in amoCRM: which a run needs, and bringing back what managers deleted."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction

from clients.amocrm.client import AmoCrm
from companies import fields
from companies.models import StatusField
from crm import catalogue
from crm.catalogue import FieldSpec

STATUS_LABELS = {
    "active": "активные",
    "inactive": "неактивные",
    "moderation": "на модерации",
    "banned": "заблокированные",
    "expired": "истёкшие",
    "removed": "удалённые",
}
LONGEST_CODE = 40  # characters of a status within a field's code
STATUS_LOCK = 7_451_001  # advisory lock: new statuses get their numbers one process at a time


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What a snapshot speaks of: offer statuses and categories."""

    statuses: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()


def prepare(*, client: AmoCrm, words: Vocabulary) -> fields.FieldPlan:
    """Make sure that amoCRM has a field for every status and a value for every category; the plan for a run.

    Nothing is asked of amoCRM where all of it is known. Raises crm.catalogue.CatalogueError.
    """
    remember_statuses(words.statuses)
    ensured = catalogue.ensure(client=client, wanted=specs(categories=words.categories))
    return current_plan(generation=ensured.generation)


def restore(*, client: AmoCrm) -> None:
    """A write was refused for a missing field or value: look at amoCRM afresh and put it back."""
    catalogue.ensure(client=client, wanted=specs(), fresh=True)


def current_plan(*, generation: int | None = None) -> fields.FieldPlan:
    """The plan from what our own tables say, without asking amoCRM."""
    rows = list(StatusField.objects.order_by("position"))
    own = {row.status: row.code for row in rows if row.position < fields.MOST_STATUS_FIELDS}
    return fields.FieldPlan(
        zone=ZoneInfo(settings.TIME_ZONE),
        statuses=own,
        has_other=len(rows) > len(own),
        generation=catalogue.generation() if generation is None else generation,
    )


def remember_statuses(statuses: Iterable[str]) -> None:
    """Give statuses that were never seen their field codes, in the order they are first seen."""
    known = set(StatusField.objects.values_list("status", flat=True))
    new = sorted(set(statuses) - known)
    if not new:
        return
    with transaction.atomic():
        _lock_statuses()
        taken = dict(StatusField.objects.values_list("status", "code"))
        fresh = [status for status in new if status not in taken]
        StatusField.objects.bulk_create(
            [
                StatusField(status=status, code=code, position=position)
                for position, (status, code) in enumerate(
                    _codes(fresh, set(taken.values())), start=len(taken)
                )
            ]
        )


def _lock_statuses() -> None:
    with transaction.get_connection().cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [STATUS_LOCK])


def _codes(statuses: Sequence[str], taken: set[str]) -> list[tuple[str, str]]:
    """Field codes are Latin; what is not, or what two statuses share, gets a digest of its own."""
    codes = []
    for status in statuses:
        word = re.sub(r"[^A-Z0-9]+", "_", status.upper()).strip("_")[:LONGEST_CODE]
        code = fields.STATUS_PREFIX + word
        if not word or code in taken or code in fields.RESERVED_CODES:
            digest = blake2b(status.encode(), digest_size=5).hexdigest().upper()
            code = f"{fields.STATUS_PREFIX}{digest}"
        taken.add(code)
        codes.append((status, code))
    return codes


def specs(*, categories: Iterable[str] = ()) -> list[FieldSpec]:
    """Every field of the table as the catalogue wants it told."""
    wanted = [
        FieldSpec(
            code=row.code,
            kind=row.kind,
            label=row.label,
            values=tuple(sorted(categories)) if row.code == fields.CATEGORIES else (),
        )
        for row in fields.ROWS
    ]
    rows = StatusField.objects.order_by("position")
    wanted += [
        FieldSpec(code=row.code, kind="numeric", label=f"Объявлений: {_label(row.status)}")
        for row in rows.filter(position__lt=fields.MOST_STATUS_FIELDS)
    ]
    if rows.filter(position__gte=fields.MOST_STATUS_FIELDS).exists():
        wanted.append(
            FieldSpec(code=fields.OTHER_STATUSES, kind="numeric", label="Объявлений: прочие")
        )
    wanted += [
        FieldSpec(code=code, kind=kind, label=label, api_only=code in fields.API_ONLY)
        for code, kind, label in fields.BESIDE
    ]
    return wanted


def _label(status: str) -> str:
    return STATUS_LABELS.get(status, status)
