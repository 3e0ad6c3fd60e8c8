"""What the environment says about our account in amoCRM."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

OAUTH_VARIABLES = ("AMOCRM_CLIENT_ID", "AMOCRM_CLIENT_SECRET", "AMOCRM_REDIRECT_URI")


class CrmNotConfiguredError(ImproperlyConfigured):
    """Something is missing before amoCRM can be asked anything; the text names it."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """`account`: the host, which is what tokens belong to. `integration`: whose pace we keep."""

    url: str
    account: str
    integration: str
    is_long_lived: bool


def read() -> Configuration:
    """Raises CrmNotConfiguredError, which names every variable that is missing."""
    if not settings.AMOCRM_ACCESS_TOKEN:
        return read_oauth()
    return _configuration()


def read_oauth() -> Configuration:
    """The same where only OAuth will do. Raises CrmNotConfiguredError."""
    missing = [name for name in OAUTH_VARIABLES if not getattr(settings, name)]
    if settings.AMOCRM_URL and missing:
        raise CrmNotConfiguredError(
            f"{', '.join(missing)}: not set. amoCRM wants AMOCRM_ACCESS_TOKEN (a long-lived token)"
            f" or all of {', '.join(OAUTH_VARIABLES)}"
        )
    return _configuration()


def _configuration() -> Configuration:
    if not settings.AMOCRM_URL:
        raise CrmNotConfiguredError("AMOCRM_URL: not set (the account's base URL)")
    account = urlsplit(settings.AMOCRM_URL).netloc
    return Configuration(
        url=settings.AMOCRM_URL,
        account=account,
        integration=f"{account}/{settings.AMOCRM_CLIENT_ID or 'long-lived'}",
        is_long_lived=bool(settings.AMOCRM_ACCESS_TOKEN),
    )


def is_complete() -> bool:
    """Whether amoCRM can be asked at all: what a job looks at that has nothing to do without it."""
    try:
        read()
    except CrmNotConfiguredError:
        return False
    return True
