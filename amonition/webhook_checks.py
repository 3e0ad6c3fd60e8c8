"""Deploy checks of what webhooks need beside their secrets."""

from collections.abc import Iterable

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as CheckWarning

from operations import options
from operations.models import Option

# The variable that gives an option its first value, and what it may be.
VARIABLES = {
    Option.Key.TRANSFER_MODE: ("TRANSFER_MODE", "off, record or on"),
    Option.Key.TRANSFERS_PER_HOUR: (
        "TRANSFERS_PER_HOUR",
        f"A whole number up to {options.MOST_PER_HOUR}",
    ),
    Option.Key.PROFILE_HOSTS: ("PROFILE_HOSTS", "Names of sites such as avito.ru, by commas"),
    Option.Key.NOTES: ("AMOCRM_NOTES", "on or off"),
}


def check_account_id(**_kwargs: object) -> Iterable[CheckMessage]:
    """Whoever knows the secret may still be another account; a subdomain alone can change hands."""
    if settings.WEBHOOK_SECRETS and not settings.AMOCRM_ACCOUNT_ID:
        yield CheckWarning(
            "AMOCRM_ACCOUNT_ID: not set, so webhooks are known by the account's subdomain alone,"
            " and those that do not name ours are not acted upon",
            hint="manage.py amocrm_doctor shows the account's number",
            id="amonition.W004",
        )


def check_options(**_kwargs: object) -> Iterable[CheckMessage]:
    """The admin refuses a wrong value; the environment's is read when the first event is handled."""
    for key, (variable, hint) in VARIABLES.items():
        value = str(settings.OPTIONS[key])
        try:
            options.check(key, value)
        except options.OptionRefusedError:
            yield Error(f"{variable}: {value!r} cannot be used", hint=hint, id="amonition.E008")


def check_event_lease(**_kwargs: object) -> Iterable[CheckMessage]:
    """An event that outlives its lease is handled by two at once."""
    lease, limit = settings.WEBHOOK_EVENT_LEASE, settings.CELERY_TASK_TIME_LIMIT
    if lease <= limit and not settings.DEBUG:
        yield CheckWarning(
            f"WEBHOOK_EVENT_LEASE ({lease:g} s) is not longer than CELERY_TASK_TIME_LIMIT"
            f" ({limit:g} s): only for tests",
            hint="Leave it at its default, 120 s",
            id="amonition.W005",
        )
