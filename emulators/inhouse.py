"""What the services of the classifieds house have in common: bearer tokens, and being away."""

from dataclasses import dataclass
from typing import Any, Literal

import orjson

from emulators.messages import Request, Response, html
from emulators.routing import Route
from emulators.service import Service, refuse
from emulators.settings import Settings

CUT_AT = 0.9  # share of an answer that gets through before a partial one ends: past its head


@dataclass(slots=True)
class InhouseSettings(Settings):
    """`away`: no useful answer, in the manner of `away_kind`. `token`: None accepts any."""

    away: bool = False
    away_kind: Literal["503", "reset", "partial"] = "503"
    token: str | None = None


class InhouseService(Service):
    def __init__(self, settings: InhouseSettings | None = None) -> None:
        self.inhouse_settings = settings or InhouseSettings()
        super().__init__(self.inhouse_settings)

    def refusal(self, request: Request) -> Response | None:
        if self._is_away("503", "reset"):
            response = html(503, "Service Temporarily Unavailable", refused="away")
            if self._is_away("reset"):
                response.cut_at, response.reset = 0.0, True
            return response
        token = request.bearer()
        if token is None or self.inhouse_settings.token not in (None, token):
            return self.unauthorized()
        return None

    def served(self, request: Request, route: Route | None) -> Response:
        response = super().served(request, route)
        if self._is_away("partial"):
            response.cut_at = CUT_AT
        return response

    def _is_away(self, *kinds: str) -> bool:
        return self.inhouse_settings.away and self.inhouse_settings.away_kind in kinds


def read_object(request: Request) -> dict[str, Any]:
    """{} for whatever is no JSON object; the checks that follow refuse that."""
    try:
        body = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}


def unprocessable(detail: str) -> Response:
    return refuse(422, detail, reason="validation")


def unknown(detail: str) -> Response:
    return refuse(404, detail, reason="not_found")
