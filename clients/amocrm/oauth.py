"""Tokens.

https://www.amocrm.ru/developers/content/oauth/step-by-step (checked 2026-11-22). A refresh token
is good for one exchange. Where the answer got lost the old one may still work (the pages
contradict each other), so it has to be kept until the new one is stored.
"""

from dataclasses import dataclass, field

import orjson

from clients import answers
from clients.calls import Answer, Call
from clients.errors import AuthError, FloodBlockError, ServiceError
from clients.json_service import JsonService
from clients.pacing import Lane
from clients.shapes import JsonObject, integer, text
from clients.transport import PATIENCE, Transport


@dataclass(frozen=True, slots=True)
class Tokens:
    """What lets us in. `expires_in`: seconds from now."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int


class OAuth:
    """The token endpoint, through a Transport that authorises nothing itself."""

    def __init__(
        self, transport: Transport, *, client_id: str, client_secret: str, redirect_uri: str
    ) -> None:
        self._transport = transport
        self._service = JsonService(transport)
        self._application = {
            "client_id": client_id,
            "client_secret": client_secret,
            "redirect_uri": redirect_uri,
        }

    def exchange(
        self, code: str, *, lane: Lane = Lane.INTERACTIVE, patience: float = PATIENCE
    ) -> Tokens:
        """The first tokens, for a code that is good for 20 minutes and one use."""
        return self._ask("authorization_code", {"code": code}, lane, patience)

    def refresh(
        self, refresh_token: str, *, lane: Lane = Lane.INTERACTIVE, patience: float = PATIENCE
    ) -> Tokens:
        """New tokens for old ones.

        AuthError: the old one is not good any more. UnknownOutcomeError: the answer got lost; the
        old token may be tried once more.
        """
        return self._ask("refresh_token", {"refresh_token": refresh_token}, lane, patience)

    def _ask(self, grant: str, given: dict[str, str], lane: Lane, patience: float) -> Tokens:
        body = orjson.dumps({**self._application, "grant_type": grant, **given})
        call = Call("POST", "/oauth2/access_token", body=body, writes=True, repeatable=False)
        answer = self._transport.exchange(call, lane=lane, patience=patience)
        error = self._refusal(call, answer)
        if error is not None:
            raise self._transport.heed(error)
        return self._service.shaped(call, answer, _tokens)

    def _refusal(self, call: Call, answer: Answer) -> ServiceError | None:
        """Here a 400 speaks about the code or token too, and every 403 is the flood-block."""
        service, detail = self._transport.service, answers.detail_of(answer)
        if answer.status in {400, 401}:
            return AuthError(service=service, call=str(call), detail=detail, status=answer.status)
        if answer.status == 403:
            return FloodBlockError(service=service, call=str(call), detail=detail, status=403)
        return answers.failure_of(answer, call=call, service=service)


def _tokens(found: JsonObject) -> Tokens:
    return Tokens(
        access_token=text(found, "access_token"),
        refresh_token=text(found, "refresh_token"),
        expires_in=integer(found, "expires_in"),
    )
