"""Webhooks that people set off or set up by hand, and what became of all of them."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from emulators.amocrm.companies import Company
from emulators.amocrm.desks import Routes, live_company, live_lead, stage_of
from emulators.amocrm.hooks.deliveries import Order
from emulators.amocrm.hooks.raw import OF_COMPANIES, OF_LEADS, bodies
from emulators.amocrm.hooks.snapshots import button_item
from emulators.amocrm.hooks.storms import MAX_BODIES, MAX_PER_SECOND, Storm, TooManyStormsError
from emulators.amocrm.leads import Lead
from emulators.amocrm.settings import MAX_ITEMS_PER_BODY
from emulators.amocrm.state import State
from emulators.messages import Request, Response, answer
from emulators.service import ControlRefusedError, json_object

MAX_IDS = 10_000  # of one storm; each is kept in memory as it was


class HookDesk:
    def __init__(self, state: State) -> None:
        self._state = state

    def routes(self) -> Routes:
        return (
            ("GET", "hooks", self._count),
            ("POST", "hooks/switch", self._switch),
            ("POST", "hooks/send", self._send),
            ("POST", "buttons", self._press),
            ("GET", "digital_pipeline", self._stages),
            ("POST", "digital_pipeline", self._set_stage),
        )

    def _count(self, request: Request) -> Response:
        destinations = self._state.postman.outbox.destinations()
        return answer({**self._state.hook_counts(), "destinations": destinations})

    def _switch(self, request: Request) -> Response:
        """As by hand in the settings of the account."""
        body = json_object(request)
        hook = self._state.hooks.by_destination.get(str(body.get("destination")))
        if hook is None or not isinstance(body.get("disabled"), bool):
            raise ControlRefusedError("destination: of a subscription; disabled: true or false")
        hook.switch(disabled=body["disabled"])
        return answer({"destination": hook.destination, "disabled": hook.disabled})

    def _press(self, request: Request) -> Response:
        body = json_object(request)
        company = live_company(self._state, body.get("company_id"))
        self._state.postman.post([Order(_url(body), (button_item(self._state, company),))])
        return answer({"company_id": company.id})

    def _stages(self, request: Request) -> Response:
        return answer(
            {
                "stages": [
                    {"pipeline_id": pipeline_id, "status_id": status_id, "url": url}
                    for (pipeline_id, status_id), url in self._state.stage_hooks.items()
                ]
            }
        )

    def _set_stage(self, request: Request) -> Response:
        """`url` null takes the hook of the stage away."""
        body = json_object(request)
        if not {"status", "status_id"} & body.keys():
            raise ControlRefusedError("status, or pipeline_id and status_id")
        stage = stage_of(self._state, body, self._state.pipelines[0].id)
        if body.get("url", "") is None:
            self._state.stage_hooks.pop(stage, None)
        else:
            self._state.stage_hooks[stage] = _url(body)
        return self._stages(request)

    def _send(self, request: Request) -> Response:
        body = json_object(request)
        times = _whole(body, "times", 1, MAX_BODIES)
        size = _whole(body, "items_per_body", 1, MAX_ITEMS_PER_BODY)
        per_second = body.get("per_second", 100)
        if type(per_second) not in (int, float) or not 0 < per_second <= MAX_PER_SECOND:
            raise ControlRefusedError(f"per_second: bodies, above 0 and up to {MAX_PER_SECOND}")
        last_modified = body.get("last_modified", "own")
        if last_modified not in (None, "own") and type(last_modified) is not int:
            raise ControlRefusedError("last_modified: unix seconds, null, or left out")
        made = bodies(
            self._state,
            self._subjects(body),
            event=body["event"],
            size=size,
            last_modified=last_modified,
            step=_whole({"step": 0, **body}, "step", 0, MAX_BODIES),
        )
        try:
            self._state.storms.start(Storm(_url(body), made, times, per_second))
        except TooManyStormsError as error:
            raise ControlRefusedError(str(error)) from error
        return answer({"bodies": times, "items": times * size})

    def _subjects(self, body: dict[str, Any]) -> Sequence[Company | Lead]:
        event, ids = body.get("event"), body.get("ids")
        if not isinstance(ids, list) or not 0 < len(ids) <= MAX_IDS:
            raise ControlRefusedError(f"ids: 1 to {MAX_IDS} of them")
        if event in OF_COMPANIES:
            return [live_company(self._state, each) for each in ids]
        if event in OF_LEADS:
            return [live_lead(self._state, each) for each in ids]
        raise ControlRefusedError(f"event: one of {', '.join((*OF_COMPANIES, *OF_LEADS))}")


def _whole(body: dict[str, Any], name: str, least: int, most: int) -> int:
    value = body.get(name, least)
    if type(value) is not int or not least <= value <= most:
        raise ControlRefusedError(f"{name}: {least} to {most}")
    return value


def _url(body: dict[str, Any]) -> str:
    url = body.get("url")
    if not isinstance(url, str) or urlsplit(url).scheme not in ("http", "https"):
        raise ControlRefusedError("url: an http(s) address")
    return url
