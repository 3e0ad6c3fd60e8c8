"""The fields of companies in amoCRM: what we need is there, and what managers delete comes back.

What amoCRM was seen to have is written down, so a run asks nothing where nothing is new. A loss is
written down before it is mended, with a new generation: after a crash between the two every company
is still sent once more.
"""

import logging
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import F

from clients.amocrm.client import AmoCrm
from clients.amocrm.custom_fields import CustomField
from clients.amocrm.entities import Entity
from clients.errors import NoRightsError, UnknownOutcomeError, ValidationError
from clients.pacing import Lane
from crm.field_specs import Difference, FieldSpec, compare, with_values
from crm.models import Catalogue, CatalogueField
from operations import leases

__all__ = [
    "CatalogueBusyError",
    "CatalogueError",
    "Ensured",
    "FieldSpec",
    "difference",
    "ensure",
    "generation",
]

logger = logging.getLogger(__name__)

CHECKED_FOR = timedelta(hours=1)  # what a run saw, the next hourly run need not look at again
LEASE = "crm.catalogue"
LEASE_SECONDS = 90.0  # prolonged before each step; a step is at most two requests of 40 s
WAIT_SECONDS = 30.0  # for another process's check; a usual one takes two requests
POLL_SECONDS = 0.2
MOST_ROUNDS = 4  # read, write, read; and one more for a race that was lost or an answer that was


class CatalogueError(Exception):
    """The fields cannot be brought about; the text tells an operator why."""


class CatalogueBusyError(CatalogueError):
    """Another process is at it for longer than we wait: later is another matter."""


@dataclass(frozen=True, slots=True)
class Ensured:
    """`created`: codes of fields, `added_values`: code -> enum values, both by this very call."""

    generation: int
    created: tuple[str, ...] = ()
    added_values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def generation() -> int:
    """How often something of ours was lost in amoCRM; part of every company's fingerprint."""
    found = Catalogue.objects.filter(pk=Catalogue.ONLY).values_list("generation", flat=True)
    return found.first() or 0


def difference(
    *, client: AmoCrm, wanted: Sequence[FieldSpec], lane: Lane = Lane.BULK
) -> Difference:
    """What amoCRM lacks now, without changing anything."""
    return compare(wanted, _read(client, lane))


def ensure(
    *,
    client: AmoCrm,
    wanted: Sequence[FieldSpec],
    fresh: bool = False,
    lane: Lane = Lane.BULK,
    patience: float = WAIT_SECONDS,
) -> Ensured:
    """Make sure that amoCRM has all that is `wanted`.

    Asks amoCRM nothing where it was seen there within CHECKED_FOR; with `fresh`, since this call
    began. `patience`: seconds to wait for another process that is at it.

    Raises CatalogueError, ServiceError, PacingError.
    """
    since = _now() if fresh else _now() - CHECKED_FOR
    deadline = time.monotonic() + patience
    while not _is_known(wanted, since):
        with leases.held(name=LEASE, seconds=LEASE_SECONDS) as holder:
            if holder is not None and not _is_known(wanted, since):
                return _Check(client, wanted, holder, lane).run()
        if time.monotonic() > deadline:
            raise CatalogueBusyError("Поля amoCRM слишком долго проверяет другой процесс")
        time.sleep(POLL_SECONDS)
    return Ensured(generation())


class _Check:
    """One visit to amoCRM, under the lease."""

    def __init__(
        self, client: AmoCrm, wanted: Sequence[FieldSpec], holder: uuid.UUID, lane: Lane
    ) -> None:
        recorded = _recorded_values()
        self._client = client
        # What was choosable once stays so: companies carry it, whoever asks today.
        self._wanted = [with_values(spec, recorded.get(spec.code, ())) for spec in wanted]
        self._holder = holder
        self._lane = lane
        self._created: dict[str, None] = {}
        self._added: dict[str, tuple[str, ...]] = {}

    def run(self) -> Ensured:
        """Read, and write what is missing, until a reading shows all of it."""
        for _ in range(MOST_ROUNDS):
            self._prolong()
            read_at = _now()
            present = _read(self._client, self._lane)
            lacking = compare(self._wanted, present)
            if lacking.problems:
                raise CatalogueError(". ".join(lacking.problems))
            if lacking.is_empty:
                _record(self._wanted, present, read_at)
                return Ensured(generation(), tuple(self._created), self._added)
            _note_losses(lacking)
            with _in_words(), _raced():
                self._write(lacking, present)
        raise CatalogueError("amoCRM не показывает полей, которые подтвердила")

    def _write(self, lacking: Difference, present: Mapping[str, CustomField]) -> None:
        if lacking.fields:
            self._prolong()
            self._created.update(dict.fromkeys(new.code for new in lacking.fields))
            self._client.custom_fields.create(Entity.COMPANIES, lacking.fields, lane=self._lane)
        for code, values in lacking.values.items():
            self._prolong()
            self._added[code] = values
            self._client.custom_fields.add_enum_values(present[code], values, lane=self._lane)

    def _prolong(self) -> None:
        if not leases.acquire(name=LEASE, holder=self._holder, seconds=LEASE_SECONDS):
            raise CatalogueBusyError("Проверка полей amoCRM длилась слишком долго, её начал другой")


@contextmanager
def _raced() -> Iterator[None]:
    """What another process has done meanwhile, or what nobody knows, the next reading tells."""
    try:
        yield
    except UnknownOutcomeError as error:
        logger.warning("catalogue.outcome_unknown", extra={"error": str(error)})
    except ValidationError as error:
        if not _is_taken(error):
            raise
        logger.info("catalogue.race_lost", extra={"error": str(error)})


@contextmanager
def _in_words() -> Iterator[None]:
    """What only people can change, told to them."""
    try:
        yield
    except NoRightsError as error:
        raise CatalogueError(
            "Для полей нужны права администратора, а у токена их нет: создайте токен"
            f" от имени администратора amoCRM ({error.detail})"
        ) from error
    except ValidationError as error:
        told = [f"{code}: {e.detail or e.code}" for code, es in error.items.items() for e in es]
        raise CatalogueError(
            f"amoCRM не приняла поля: {'; '.join(told) or error.detail}"
        ) from error


def _is_taken(error: ValidationError) -> bool:
    """Whether somebody else has created the field: its code is no choice any more."""
    return any(
        complaint.code == "NotSupportedChoice" and complaint.path == "code"
        for complaints in error.items.values()
        for complaint in complaints
    )


def _read(client: AmoCrm, lane: Lane) -> dict[str, CustomField]:
    fields = client.custom_fields.list(Entity.COMPANIES, lane=lane)
    return {field.code: field for field in fields if field.code}


def _is_known(wanted: Sequence[FieldSpec], since: datetime) -> bool:
    known = dict(
        CatalogueField.objects.filter(entity=Entity.COMPANIES, seen_at__gte=since).values_list(
            "code", "values"
        )
    )
    return all(spec.code in known and set(spec.values) <= set(known[spec.code]) for spec in wanted)


def _recorded_values() -> dict[str, list[str]]:
    rows = CatalogueField.objects.filter(entity=Entity.COMPANIES)
    return dict(rows.values_list("code", "values"))


@transaction.atomic
def _note_losses(lacking: Difference) -> None:
    """What was seen before and is not there now begins a new generation, once.

    The row keeps its values, so that whoever checks after a crash knows what to bring back.
    """
    codes = {new.code for new in lacking.fields}
    rows = CatalogueField.objects.filter(entity=Entity.COMPANIES, seen_at__isnull=False)
    lost = [
        row.code
        for row in rows
        if row.code in codes or not set(row.values).isdisjoint(lacking.values.get(row.code, ()))
    ]
    if not lost:
        return
    rows.filter(code__in=lost).update(seen_at=None)
    Catalogue.objects.get_or_create(pk=Catalogue.ONLY)
    Catalogue.objects.filter(pk=Catalogue.ONLY).update(generation=F("generation") + 1)
    logger.warning("catalogue.lost", extra={"fields": lost})


@transaction.atomic
def _record(
    wanted: Sequence[FieldSpec], present: Mapping[str, CustomField], read_at: datetime
) -> None:
    CatalogueField.objects.bulk_create(
        [
            CatalogueField(
                entity=Entity.COMPANIES,
                code=spec.code,
                field_id=present[spec.code].field_id,
                name=present[spec.code].name,
                kind=present[spec.code].type,
                values=list(spec.values),
                seen_at=read_at,
            )
            for spec in wanted
        ],
        update_conflicts=True,
        unique_fields=["entity", "code"],
        update_fields=["field_id", "name", "kind", "values", "seen_at"],
    )
    Catalogue.objects.update_or_create(pk=Catalogue.ONLY, defaults={"checked_at": read_at})


def _now() -> datetime:
    """The database's clock: the only one that all processes share."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment
