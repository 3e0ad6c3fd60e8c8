"""Both kinds of access token, as a connection needs them: the current one, and a newer one."""

from typing import Protocol

from django.conf import settings

from crm import refreshing, stored_tokens
from crm.refreshing import TokenDeadError
from crm.stored_tokens import StoredTokens
from operations import alerts
from operations.models import Alert


class AccessToken(Protocol):
    """For one thread."""

    def current(self) -> str:
        """For the next request. Raises TokenDeadError, and what `refreshing.renewed` raises."""
        ...

    def renew(self) -> None:
        """amoCRM answered 401 to the current one. Raises as `current` does."""
        ...


class LongLivedToken:
    """AMOCRM_ACCESS_TOKEN: good for years, and never renewed by us."""

    def current(self) -> str:
        """See `AccessToken`."""
        return str(settings.AMOCRM_ACCESS_TOKEN)

    def renew(self) -> None:
        """See `AccessToken`: always raises TokenDeadError."""
        advice = "AMOCRM_ACCESS_TOKEN больше не действует: выпустите новый токен в amoCRM"
        alerts.raise_alert(kind=Alert.Kind.TOKEN_DEAD, text=advice)
        raise TokenDeadError("AMOCRM_ACCESS_TOKEN is not valid any more")


class RotatingToken:
    """OAuth. Read from the database when first needed, and again when it ends or is refused."""

    def __init__(self, *, account: str) -> None:
        """Raises CrmNotConfiguredError where nobody has authorised us, UndecipherableError."""
        self._held = stored_tokens.load(account=account)

    def current(self) -> str:
        """See `AccessToken`; asks the database only where it has to."""
        if self._held.is_ending or self._held.is_dead:
            self._held = self._fresh()
        return self._held.access

    def renew(self) -> None:
        """See `AccessToken`."""
        self._held = self._renewed(self._held)

    def _fresh(self) -> StoredTokens:
        stored = stored_tokens.load(account=self._held.account)
        return self._renewed(stored) if stored.is_ending or stored.is_dead else stored

    def _renewed(self, seen: StoredTokens) -> StoredTokens:
        return refreshing.renewed(account=seen.account, seen_version=seen.version)
