"""The one place that hands out a client of amoCRM, ready to be used."""

from collections.abc import Callable
from functools import partial

from django.conf import settings

from clients.amocrm.client import AmoCrm
from clients.calls import Answer, Call, Limits
from clients.errors import AuthError
from clients.pacing import Lane
from clients.transport import PATIENCE, Transport
from crm import configuration
from crm.configuration import Configuration
from crm.flood_block import RecordingPace
from crm.oauth import SERVICE
from crm.pacing import pace
from crm.tokens import AccessToken, LongLivedToken, RotatingToken
from operations import alerts
from operations.models import Alert

__all__ = ["pace", "ready_client"]


def ready_client() -> AmoCrm:
    """A client with a connection of its own, for the calling thread, which closes it.

    Raises CrmNotConfiguredError, which names what is missing, EncryptionKeysError,
    UndecipherableError.
    """
    config = configuration.read()
    token: AccessToken = (
        LongLivedToken() if config.is_long_lived else RotatingToken(account=config.account)
    )
    return AmoCrm(RenewingTransport(config=config, token=token))


class RenewingTransport(Transport):
    """A Transport that meets the first 401 with a new token. A 401 means: not executed."""

    def __init__(self, *, config: Configuration, token: AccessToken) -> None:
        super().__init__(
            service=SERVICE,
            base_url=config.url,
            pace=RecordingPace(pace()),
            authorise=token.current,
            limits=Limits(total_seconds=settings.AMOCRM_CALL_DEADLINE),
        )
        self._token = token
        self._was_accepted = False

    def call(
        self,
        call: Call,
        *,
        lane: Lane,
        patience: float = PATIENCE,
        before_first_byte: Callable[[], float] | None = None,
    ) -> Answer:
        """See `Transport.call`; sent a second time at most, after a 401."""
        attempt = partial(
            super().call, call, lane=lane, patience=patience, before_first_byte=before_first_byte
        )
        try:
            answer = attempt()
        except AuthError:
            self._token.renew()
            answer = self._last(attempt)
        # After a write nothing may come between the answer and whoever confirms it.
        if not self._was_accepted and not call.writes:
            self._was_accepted = True
            alerts.recover(kind=Alert.Kind.TOKEN_DEAD)
        return answer

    def _last(self, attempt: Callable[[], Answer]) -> Answer:
        try:
            return attempt()
        except AuthError as error:
            alerts.raise_alert(
                kind=Alert.Kind.TOKEN_DEAD,
                text=f"amoCRM не принимает и только что обновлённый токен: {error.detail}",
            )
            raise
