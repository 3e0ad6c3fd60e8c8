"""What amoCRM should send to which door, and looking after it: it switches hooks off by itself."""

import logging
from collections.abc import Mapping
from contextlib import closing
from urllib.parse import quote

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from clients.amocrm.client import AmoCrm
from clients.errors import ServiceError
from clients.pacing import Lane, PacingError
from crm import configuration, connection
from crm.doctor import Step, StepName, Visit
from crm.subscriptions import Findings, Flaw, Subscription, Wanted, look, mend
from operations import alerts, doorbell, leases
from operations.models import Alert
from webhooks import catching_up, watching
from webhooks.models import Door

logger = logging.getLogger(__name__)

LANE = Lane.BULK  # background would wait for a minute while a push lasts
LEASE = "webhooks.subscriptions"
LEASE_SECONDS = 130  # longer than a task may last (110 s)
PATH = "/webhooks/amocrm/"
PLAIN = "!$&'()*+,;=:@"  # in a step of a path nobody has a reason to escape these (RFC 3986, 3.3)
EVENTS: Mapping[Door, frozenset[str]] = {
    Door.LEAD_STATUS: frozenset({"status_lead"}),
    Door.COMPANY_REFRESH: frozenset({"add_company", "update_company", "restore_company"}),
    Door.COMPANY_FEED: frozenset({"update_company"}),
}


class SubscriptionsNotConfiguredError(ImproperlyConfigured):
    """A variable is missing without which nothing can be subscribed; the text names it."""


def wanted() -> Wanted:
    """As the settings have it: the newest secret is subscribed, the others still open the doors.

    Raises SubscriptionsNotConfiguredError.
    """
    if not settings.PUBLIC_URL:
        raise SubscriptionsNotConfiguredError(
            "PUBLIC_URL не задан: укажите адрес, по которому amoCRM видит этот сервис,"
            " например https://amonition.example"
        )
    if not settings.WEBHOOK_SECRETS:
        raise SubscriptionsNotConfiguredError(
            "WEBHOOK_SECRETS не задан: укажите секрет, случайные 32 символа"
        )
    prefix = f"{settings.PUBLIC_URL}{PATH}"
    steps = [f"{quote(secret, safe=PLAIN)}/" for secret in settings.WEBHOOK_SECRETS]
    newest, *older = [f"{prefix}{step}" for step in steps]
    return Wanted(
        prefix=prefix,
        subscriptions=tuple(
            Subscription(
                name=door.value,
                title=door.label,
                url=f"{newest}{door.value}/",
                events=EVENTS[door],
                formerly=tuple(f"{opening}{door.value}/" for opening in older),
            )
            for door in Door
        ),
        endings=tuple(f"{PATH}{step}{door.value}/" for step in steps for door in Door),
    )


def check() -> bool:
    """Beat's: mend what is wrong and read what was missed. True: there is more to read, call again.

    Nothing is done where something is not configured, or while another process is at it.
    """
    try:
        subscribed = wanted()
    except SubscriptionsNotConfiguredError:
        return False
    if not configuration.is_complete():
        return False
    with leases.held(name=LEASE, seconds=LEASE_SECONDS) as holder:
        if holder is None:
            return False
        try:
            return _check(subscribed)
        except (ServiceError, PacingError, ImproperlyConfigured) as error:
            problem = subscribed.masked(str(error))
            logger.warning("subscriptions.postponed", extra={"error": problem})
            return False


def doctor_step(visit: Visit) -> Step:
    """The doctor's WEBHOOKS. What was missed meanwhile is left to the check, which is rung."""
    subscribed = wanted()
    try:
        if not visit.fix:
            found = look(client=visit.client, wanted=subscribed, lane=LANE)
            return _step(found, fixed=False)
        with leases.held(name=LEASE, seconds=LEASE_SECONDS) as holder:
            if holder is None:
                busy = "подписки сейчас проверяет другой процесс, повторите через минуту"
                return Step(StepName.WEBHOOKS, False, busy)
            found = _put_right(visit.client, subscribed, elsewhere=True)
    except (ServiceError, PacingError) as error:
        return Step(StepName.WEBHOOKS, False, subscribed.masked(str(error)))
    if not found.is_in_order:
        doorbell.ring("webhooks.check_subscriptions")
    return _step(found, fixed=True)


def _step(found: Findings, *, fixed: bool) -> Step:
    if found.is_in_order and not found.elsewhere:
        return Step(StepName.WEBHOOKS, True, f"все {len(EVENTS)} подписки на месте")
    if fixed:
        return Step(StepName.WEBHOOKS, True, f"было: {found.told()}", fixed=True)
    removed = " и удалит те, что на другом сервере" if found.elsewhere else ""
    return Step(StepName.WEBHOOKS, False, f"{found.told()}; --fix исправит{removed}")


def _check(subscribed: Wanted) -> bool:
    with closing(connection.ready_client()) as client:
        found = _put_right(client, subscribed, elsewhere=False)
        has_more = catching_up.go_on(client=client)
    if not any(problem.silent for problem in found.problems) and not watching.gaps().exists():
        alerts.recover(kind=Alert.Kind.WEBHOOKS_OFF)
    return has_more


def _put_right(client: AmoCrm, subscribed: Wanted, *, elsewhere: bool) -> Findings:
    """What was found, before it was mended. Only for who holds LEASE."""
    asked_at = timezone.now()
    found = look(client=client, wanted=subscribed, lane=LANE)
    silent = {Door(each.subscription.name): each.flaw for each in found.problems if each.silent}
    for door in Door:
        if door not in silent:
            watching.stand(door=door, at=asked_at)
    # A door that never was in order is being set up: there is nothing that it could have missed.
    lost = [
        door
        for door, flaw in silent.items()
        if watching.lose(door=door, disabled=flaw is Flaw.DISABLED)
    ]
    try:
        mend(client=client, wanted=subscribed, findings=found, lane=LANE, elsewhere=elsewhere)
    except (ServiceError, PacingError) as error:
        if silent:
            _alarm(found, f"Подписаться не удалось: {subscribed.masked(str(error))}")
        raise
    for door in silent:
        watching.stand(door=door, at=timezone.now())
    if lost:
        _alarm(found, "Подписаны заново, пропущенное перечитывается")
    return found


def _alarm(found: Findings, done: str) -> None:
    alerts.raise_alert(kind=Alert.Kind.WEBHOOKS_OFF, text=f"{found.told()}. {done}")
