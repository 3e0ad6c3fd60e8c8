"""The account itself.

https://www.amocrm.ru/developers/content/crm_platform/account-info (checked 2026-11-22).
"""

from dataclasses import dataclass

from clients.calls import Call
from clients.errors import UnexpectedAnswerError
from clients.json_service import JsonService
from clients.pacing import Lane
from clients.shapes import JsonObject, flag, integer, integer_or_none, text, text_or_none
from clients.transport import PATIENCE


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """Whose account it is. `filters_enabled`: whether lists can be filtered, where it tells."""

    account_id: int
    name: str
    subdomain: str
    current_user_id: int | None
    filters_enabled: bool


class Account:
    """The one account the token belongs to."""

    def __init__(self, service: JsonService) -> None:
        self._service = service

    def get(self, *, lane: Lane, patience: float = PATIENCE) -> AccountRecord:
        """Ask for it: the cheapest proof that the token is good."""
        call = Call("GET", "/api/v4/account", params=(("with", "is_api_filter_enabled"),))
        found = self._service.read(call, _account, lane=lane, patience=patience)
        if found is None:
            raise UnexpectedAnswerError(
                service=self._service.name, call=str(call), detail="no account", status=204
            )
        return found


def _account(found: JsonObject) -> AccountRecord:
    return AccountRecord(
        account_id=integer(found, "id"),
        name=text_or_none(found, "name") or "",
        subdomain=text(found, "subdomain"),
        current_user_id=integer_or_none(found, "current_user_id"),
        filters_enabled=flag(found, "is_api_filter_enabled"),
    )
