"""Step by step through everything that has to be right in amoCRM before a push."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from clients.amocrm.client import AmoCrm
from clients.amocrm.entities import Entity
from clients.errors import ServiceError
from clients.pacing import Lane, PacingError
from crm import catalogue, configuration, encryption, flood_block, statuses
from crm.catalogue import CatalogueError, Ensured, FieldSpec
from crm.connection import ready_client

LANE = Lane.BULK  # waits for its turn, also behind a limiter that has just been opened


class StepName(StrEnum):
    """The steps, in their order."""

    CONFIGURATION = "настройки"
    FLOOD_BLOCK = "блокировка"
    TOKEN = "токен"  # noqa: S105 - a heading
    ACCOUNT = "аккаунт"
    RIGHTS = "права"
    FIELDS = "поля компаний"
    VALUES = "значения списков"
    STATUSES = "этап передачи"
    WEBHOOKS = "вебхуки"


@dataclass(frozen=True, slots=True)
class Step:
    """What was looked at and what was found, in words for operators. `fixed`: mended just now."""

    name: StepName
    ok: bool
    detail: str
    fixed: bool = False


@dataclass(slots=True)
class Visit:
    """What the steps that ask amoCRM work with. `ensured`: what FIELDS has mended."""

    client: AmoCrm
    wanted: Sequence[FieldSpec]
    fix: bool
    ensured: Ensured | None = None


def run_doctor(
    *, fix: bool, wanted: Sequence[FieldSpec], webhooks: Callable[[Visit], Step]
) -> list[Step]:
    """Every step, in order; those that could not be taken say after which one.

    `fix` creates the `wanted` fields and values that are missing. `webhooks`: the step WEBHOOKS,
    which belongs to those who know what is to be subscribed.
    """
    steps: list[Step] = []
    for name, look in {
        StepName.CONFIGURATION: check_configuration,
        StepName.FLOOD_BLOCK: check_flood_block,
    }.items():
        if all(step.ok for step in steps):
            steps.append(_taken(name, look))
    if all(step.ok for step in steps):
        asking = {**ASKING, StepName.WEBHOOKS: webhooks}
        steps.extend(_ask(asking, wanted, fix))
    reason = f"не проверено: сначала «{steps[-1].name}»"
    return steps + [Step(name, False, reason) for name in list(StepName)[len(steps) :]]


def check_configuration() -> Step:
    """The variables, without asking anybody."""
    config = configuration.read()
    if not config.is_long_lived:
        encryption.check_keys()
    kind = "долгосрочный токен" if config.is_long_lived else "OAuth"
    return Step(StepName.CONFIGURATION, True, f"{config.url}, {kind}")


def check_flood_block() -> Step:
    """Whether anything may be sent at all. Opens a limiter that nobody has opened yet."""
    flood_block.keep_pace_open()
    if not flood_block.is_blocked():
        return Step(StepName.FLOOD_BLOCK, True, "нет")
    return Step(
        StepName.FLOOD_BLOCK,
        False,
        "amoCRM отвечала 403 на все запросы: напишите в её поддержку,"
        " затем снимите блокировку командой amocrm_open",
    )


def check_token(visit: Visit) -> Step:
    """Whether amoCRM takes it; the cheapest request there is."""
    visit.client.account.get(lane=LANE)
    return Step(StepName.TOKEN, True, "amoCRM его принимает")


def check_account(visit: Visit) -> Step:
    """Whether it is the account we mean."""
    account, expected = visit.client.account.get(lane=LANE), settings.AMOCRM_ACCOUNT_ID
    described = f"{account.name} ({account.subdomain}), ID {account.account_id}"
    if not expected:
        described += "; AMOCRM_ACCOUNT_ID не задан, сверять не с чем"
    elif account.account_id != expected:
        return Step(StepName.ACCOUNT, False, f"{described}, а AMOCRM_ACCOUNT_ID={expected}")
    return Step(StepName.ACCOUNT, True, described)


def check_rights(visit: Visit) -> Step:
    """What the token's user may read, and what only an administrator may do."""
    fields = visit.client.custom_fields.list(Entity.COMPANIES, lane=LANE)
    return Step(
        StepName.RIGHTS,
        True,
        f"поля компаний читаются (их {len(fields)}); права администратора нужны, чтобы создавать"
        " поля и значения и подписываться на вебхуки",
    )


def check_fields(visit: Visit) -> Step:
    """Whether all fields are there, with the types they should have."""
    lacking = catalogue.difference(client=visit.client, wanted=visit.wanted, lane=LANE)
    if lacking.problems:
        return Step(StepName.FIELDS, False, ". ".join(lacking.problems))
    if visit.fix and not lacking.is_empty:
        visit.ensured = catalogue.ensure(
            client=visit.client, wanted=visit.wanted, fresh=True, lane=LANE
        )
    created = visit.ensured.created if visit.ensured else ()
    if created:
        return Step(StepName.FIELDS, True, f"созданы: {', '.join(created)}", fixed=True)
    if lacking.fields and visit.ensured is None:
        codes = ", ".join(new.code for new in lacking.fields)
        return Step(StepName.FIELDS, False, f"нет полей {codes}; --fix создаст их")
    return Step(StepName.FIELDS, True, f"все {len(visit.wanted)} на месте")


def check_values(visit: Visit) -> Step:
    """Whether everything that is to be chosen can be chosen."""
    if visit.ensured is not None and visit.ensured.added_values:
        added = _listed(visit.ensured.added_values)
        return Step(StepName.VALUES, True, f"добавлены: {added}", fixed=True)
    lacking = catalogue.difference(client=visit.client, wanted=visit.wanted, lane=LANE)
    if lacking.values:
        return Step(StepName.VALUES, False, f"нет {_listed(lacking.values)}; --fix добавит их")
    return Step(StepName.VALUES, True, "все на месте")


def check_statuses(visit: Visit) -> Step:
    """Whether a lead can get into the status that means "transfer"."""
    wanted = settings.AMOCRM_TRANSFER_STATUS
    pipelines = visit.client.leads.pipelines(lane=LANE)
    found = statuses.find(pipelines, wanted)
    if not found:
        names = ", ".join(pipeline.name for pipeline in pipelines)
        return Step(StepName.STATUSES, False, f"«{wanted}» нет ни в одной воронке ({names})")
    titles = {pipeline.pipeline_id: pipeline.name for pipeline in pipelines}
    where = ", ".join(f"«{titles[status.pipeline_id]}»" for status in found)
    return Step(StepName.STATUSES, True, f"«{found[0].name}» есть в воронках: {where}")


ASKING: Mapping[StepName, Callable[[Visit], Step]] = {
    StepName.TOKEN: check_token,
    StepName.ACCOUNT: check_account,
    StepName.RIGHTS: check_rights,
    StepName.FIELDS: check_fields,
    StepName.VALUES: check_values,
    StepName.STATUSES: check_statuses,
}


def _ask(
    asking: Mapping[StepName, Callable[[Visit], Step]], wanted: Sequence[FieldSpec], fix: bool
) -> list[Step]:
    """The steps that ask amoCRM: all of them, or TOKEN alone where that one fails."""
    try:
        client = ready_client()
    except ImproperlyConfigured as error:
        return [Step(StepName.TOKEN, False, str(error))]
    with closing(client):
        visit = Visit(client, wanted, fix)
        token = _taken(StepName.TOKEN, partial(check_token, visit))
        rest = list(asking.items())[1:] if token.ok else []
        return [token, *(_taken(name, partial(look, visit)) for name, look in rest)]


def _taken(name: StepName, look: Callable[[], Step]) -> Step:
    try:
        return look()
    except (ServiceError, PacingError, CatalogueError, ImproperlyConfigured) as error:
        return Step(name, False, str(error))


def _listed(values: Mapping[str, Sequence[str]]) -> str:
    return "; ".join(f"{code}: {', '.join(added)}" for code, added in values.items())
