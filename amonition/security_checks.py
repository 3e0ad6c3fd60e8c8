"""Deploy checks of secrets, and of the hosts that they are sent to."""

from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as CheckWarning

from crm import configuration, encryption

URLS = (
    "PUBLIC_URL",  # amoCRM comes there with our secret
    "AMOCRM_URL",
    "SNATCHER_URL",
    "FEEDS_URL",
    "SELLERS_URL",
    "OFFERS_URL",
    "DIRECTORY_URL",
)
SHORTEST_SECRET = 24  # characters; 144 bits where they are random base64
RECIPE = 'python -c "import secrets; print(secrets.token_urlsafe(32))"'


def check_encryption_keys(**_kwargs: object) -> Iterable[CheckMessage]:
    """Without keys amoCRM's tokens can be neither stored nor read."""
    if settings.DEBUG:
        return
    try:
        encryption.check_keys()
    except encryption.EncryptionKeysError as error:
        text, _, hint = str(error).partition(" A new key: ")
        yield Error(text, hint=f"Make one: {hint}", id="amonition.E001")


def check_plain_http(**_kwargs: object) -> Iterable[CheckMessage]:
    """Tokens and phone numbers go over TLS, except where somebody has said otherwise by name."""
    if settings.DEBUG:
        return
    for name in URLS:
        url = urlsplit(getattr(settings, name))
        host = url.hostname or ""
        if url.scheme == "http" and not is_loopback(host) and host not in _plain_http_hosts():
            yield Error(
                f"{name}: plain http to {host}",
                hint=f"Use https, or add {host} to PLAIN_HTTP_HOSTS if the network is trusted",
                id="amonition.E002",
            )


def check_amocrm_credentials(**_kwargs: object) -> Iterable[CheckMessage]:
    """An account that is named can be entered."""
    if not settings.AMOCRM_URL:
        return
    try:
        configuration.read()
    except configuration.CrmNotConfiguredError as error:
        hint = "Set AMOCRM_ACCESS_TOKEN, or all three and run manage.py amocrm_authorize CODE"
        yield Error(str(error), hint=hint, id="amonition.E003")


def check_emulator(**_kwargs: object) -> Iterable[CheckMessage]:
    """A production that pushes into a stand-in looks healthy, and is not."""
    host = urlsplit(settings.AMOCRM_URL).hostname or ""
    if is_loopback(host) and not settings.DEBUG:
        yield CheckWarning(
            f"AMOCRM_URL: {host} is this machine: an emulator?",
            hint="The account's address is https://NAME.amocrm.ru",
            id="amonition.W002",
        )


def check_short_secrets(**_kwargs: object) -> Iterable[CheckMessage]:
    """amoCRM does not sign its webhooks: the secret in their address is all there is."""
    given = {"WEBHOOK_SECRETS": settings.WEBHOOK_SECRETS, "METRICS_TOKEN": [settings.METRICS_TOKEN]}
    for name, secrets in given.items():
        if any(0 < len(secret) < SHORTEST_SECRET for secret in secrets):
            yield CheckWarning(
                f"{name}: shorter than {SHORTEST_SECRET} characters",
                hint=f"Make one: {RECIPE}",
                id="amonition.W003",
            )


def is_loopback(host: str) -> bool:
    """Whether a host of a URL is this machine, by its name or address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _plain_http_hosts() -> set[str]:
    return {host.lower() for host in settings.PLAIN_HTTP_HOSTS}
