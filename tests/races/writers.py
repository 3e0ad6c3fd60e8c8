"""Whoever writes one seller's company in these races: the product, and twins that leave a guard out."""

import time
import uuid
from collections.abc import Callable
from contextlib import closing
from datetime import datetime

from django.conf import settings

from clients.amocrm.client import AmoCrm
from clients.amocrm.writing import CompanyDraft
from clients.pacing import Lane
from clients.transport import Transport
from companies import attempts, creating, fielding
from companies.exports import Clocks, Export, Outcome, WriteContext
from companies.fields import ATTEMPT
from companies.models import Company, CompanyDuplicate, CreateAttempt
from tests import factories
from tests.clients.recording_pace import RecordingPace
from tests.races import variants
from tests.races.variants import AS_OF

GAP = 10.0  # seconds: no mark grows too old here

Step = Callable[[], object]


def at_once() -> None:
    """What a writer does before its rate slot where no test stops it there."""


def export_of(seller_id: str, *, name: str = "Магазин", as_of: datetime = AS_OF) -> Export:
    """A seller with values that the account's fields take (`World.prepare_fields`)."""
    return factories.export(
        fielding.current_plan(),
        seller_id=seller_id,
        name=name,
        as_of=as_of,
        categories=("Шины",),
        offers_by_status={"active": 1},
    )


def client(before_a_slot: Step = at_once) -> AmoCrm:
    """A client of the account that waits for nothing but `before_a_slot`."""
    transport = Transport(
        service="amocrm",
        base_url=settings.AMOCRM_URL,
        pace=RecordingPace(on_reserve=before_a_slot),
        authorise=lambda: str(settings.AMOCRM_ACCESS_TOKEN),
    )
    return AmoCrm(transport)


def context(crm: AmoCrm, *, as_of: datetime = AS_OF) -> WriteContext:
    clocks = Clocks(gap=GAP, lease=variants.LEASE)
    return WriteContext(client=crm, run_id=None, as_of=as_of, lane=Lane.BULK, clocks=clocks)


def create(export: Export, *, before_a_slot: Step = at_once) -> Outcome:
    """As the product does it."""
    with closing(client(before_a_slot)) as crm:
        return creating.create(context=context(crm), exports=[export])


def create_by(
    export: Export,
    *,
    claim: str = attempts.CLAIM,
    mark: str = attempts.MARK_SENT,
    before_a_slot: Step = at_once,
) -> int | None:
    """The twin: the same steps in the same order, by statements of the test's. The company."""
    attempt = uuid.uuid4()
    if not variants.claim(claim, [export.seller_id], attempt=attempt):
        return None

    def marked() -> float:
        assert variants.mark_sent(mark, attempt=attempt) is not None
        return time.monotonic() + GAP

    company = _post(export, attempt, before_a_slot, marked)
    attempts.confirm(
        attempt=attempt,
        companies={export.seller_id: company},
        complete=True,
        how=CompanyDuplicate.How.LATE_ANSWER,
        closed_as=CreateAttempt.State.DONE,
    )
    return company


def create_unless_mapped(export: Export, *, before_a_slot: Step = at_once) -> int | None:
    """The twin that claims nothing: read the mapping, POST, write the mapping."""
    if Company.objects.filter(seller_id=export.seller_id).exists():
        return None
    company = _post(export, uuid.uuid4(), before_a_slot, lambda: time.monotonic() + GAP)
    Company.objects.get_or_create(seller_id=export.seller_id, defaults={"company_id": str(company)})
    return company


def _post(
    export: Export, attempt: uuid.UUID, before_a_slot: Step, marked: Callable[[], float]
) -> int:
    token = {"field_code": ATTEMPT, "values": [{"value": attempt.hex}]}
    body = {"name": export.name, "custom_fields_values": [*export.values, token]}
    with closing(client(before_a_slot)) as crm:
        result = crm.companies.create(
            [CompanyDraft("0", body)], lane=Lane.BULK, before_first_byte=marked
        )
    return result.written["0"].company_id
