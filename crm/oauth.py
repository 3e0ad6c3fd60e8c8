"""amoCRM's token endpoint, with our integration's secret."""

from collections.abc import Callable

from django.conf import settings

from clients.amocrm.oauth import OAuth, Tokens
from clients.calls import Limits
from clients.transport import Transport
from crm import configuration
from crm.flood_block import RecordingPace
from crm.pacing import pace

SERVICE = "amocrm"
ANSWER_SECONDS = 15.0  # from first to last byte; what amoCRM's own SDK gives this endpoint


def exchange_code(code: str) -> Tokens:
    """The first tokens, for the code of a person's consent. Raises the errors of clients.errors."""
    return _ask(lambda endpoint: endpoint.exchange(code))


def refresh(refresh_token: str) -> Tokens:
    """New tokens for old ones: to be called by `crm.refreshing` alone, one process at a time."""
    return _ask(lambda endpoint: endpoint.refresh(refresh_token))


def _ask(question: Callable[[OAuth], Tokens]) -> Tokens:
    transport = Transport(
        service=SERVICE,
        base_url=configuration.read_oauth().url,
        pace=RecordingPace(pace()),
        limits=Limits(total_seconds=ANSWER_SECONDS),
    )
    endpoint = OAuth(
        transport,
        client_id=settings.AMOCRM_CLIENT_ID,
        client_secret=settings.AMOCRM_CLIENT_SECRET,
        redirect_uri=settings.AMOCRM_REDIRECT_URI,
    )
    try:
        return question(endpoint)
    finally:
        transport.close()
