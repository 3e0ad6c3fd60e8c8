"""Tokens: authorization codes, access and refresh tokens that rotate, long-lived tokens."""

import base64
import secrets
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import orjson

from emulators.amocrm.settings import AmocrmSettings
from emulators.clock import Clock
from emulators.messages import PROBLEM, Request, Response, answer

CODE_SECONDS = 20 * 60
ACCESS_SECONDS = 24 * 60 * 60
REFRESH_SECONDS = 90 * 24 * 60 * 60  # "three months"
FIRST_CODE = "emulator-code"
_TYPE = "https://developers.amocrm.ru/v3/errors/OAuthProblemJson"


@dataclass(slots=True)
class Grant:
    """A code or a refresh token. `parent`: the refresh token that was exchanged for this one."""

    expires_at: float
    spent: bool = False
    parent: str | None = None


class TokenBook:
    """What the token endpoint has issued. Callers hold the state's lock."""

    def __init__(self, settings: AmocrmSettings, clock: Clock, *, account_id: int) -> None:
        self._settings = settings
        self._clock = clock
        self._account_id = account_id
        self._codes = {FIRST_CODE: Grant(clock.now() + CODE_SECONDS)}
        self._refresh: dict[str, Grant] = {}
        self._access: dict[str, Grant] = {}
        self._revoked_long_lived: set[str] = set()

    def new_code(self) -> str:
        code = f"def502{secrets.token_hex(24)}"
        self._codes[code] = Grant(self._clock.now() + CODE_SECONDS)
        return code

    def revoke(self) -> None:
        """As when somebody switches the integration off: every token is dead, long-lived too."""
        self._revoked_long_lived.update(self._settings.long_lived_tokens)
        for grant in self._refresh.values():
            grant.spent = True
            grant.parent = None
        self._access.clear()

    def accepts(self, token: str | None) -> bool:
        if not self._settings.require_token:
            return True
        if token in self._settings.long_lived_tokens:
            return token not in self._revoked_long_lived
        grant = self._access.get(token or "")
        if grant is None or grant.expires_at <= self._clock.now():
            return False
        if self._settings.grace_ends_with == "access":
            self._bury(grant.parent)
        return True

    def exchange(self, request: Request) -> Response:
        """`POST /oauth2/access_token`."""
        try:
            body = orjson.loads(request.body)
        except orjson.JSONDecodeError:
            body = None
        if not isinstance(body, dict):
            return refused("Check the request body")
        for name in ("client_id", "client_secret", "redirect_uri"):
            if body.get(name) != getattr(self._settings, name):
                return refused(f"Check the `{name}` parameter")
        match body.get("grant_type"):
            case "authorization_code":
                return self._by_code(str(body.get("code")))
            case "refresh_token":
                return self._by_refresh(str(body.get("refresh_token")))
        return refused("Check the `grant_type` parameter")

    def _by_code(self, code: str) -> Response:
        grant = self._codes.get(code)
        if grant is None:
            return refused("Cannot decrypt the authorization code")
        if grant.spent:
            return refused("Authorization code has been revoked")
        if grant.expires_at <= self._clock.now():
            return refused("Authorization code has expired")
        grant.spent = True
        return self._issue(parent=None)

    def _by_refresh(self, token: str) -> Response:
        grant = self._refresh.get(token)
        if grant is None:
            return refused("Invalid refresh token")
        if grant.spent or grant.expires_at <= self._clock.now():
            return refused("Token has been revoked", status=401)
        self._bury(grant.parent)
        grant.parent = None
        if self._settings.token_mode == "strict":  # noqa: S105 - a name
            grant.spent = True
        return self._issue(parent=token)

    def _bury(self, refresh: str | None) -> None:
        """The old refresh token dies with the first use of what it was exchanged for."""
        if refresh is not None and refresh in self._refresh:
            self._refresh[refresh].spent = True

    def _issue(self, *, parent: str | None) -> Response:
        now = self._clock.now()
        access = self._jwt(now)
        refresh = f"def502{secrets.token_hex(48)}"
        self._access[access] = Grant(now + ACCESS_SECONDS, parent=parent)
        self._refresh[refresh] = Grant(now + REFRESH_SECONDS, parent=parent)
        return answer(
            {
                "token_type": "Bearer",
                "expires_in": ACCESS_SECONDS,
                "access_token": access,
                "refresh_token": refresh,
                "server_time": int(now),
            }
        )

    def _jwt(self, now: float) -> str:
        claims = {
            "aud": self._settings.client_id,
            "jti": secrets.token_hex(16),
            "iat": int(now),
            "exp": int(now) + ACCESS_SECONDS,
            "account_id": self._account_id,
            "scopes": ["crm", "notifications"],
        }
        parts = (orjson.dumps({"typ": "JWT", "alg": "RS256"}), orjson.dumps(claims), b"unsigned")
        return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def refused(hint: str, *, status: int = 400) -> Response:
    """The token endpoint has an error shape of its own, with `hint`."""
    payload: dict[str, Any] = {
        "hint": hint,
        "title": "Некорректный запрос" if status == 400 else HTTPStatus(status).phrase,
        "type": _TYPE,
        "status": status,
        "detail": "В запросе отсутствует ряд параметров или параметры невалидны",
    }
    return Response(status, orjson.dumps(payload), PROBLEM, refused="oauth")
