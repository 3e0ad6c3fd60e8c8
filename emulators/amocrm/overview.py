"""The API of the account: itself, its users, its pipelines."""

from collections.abc import Mapping
from typing import Any

from emulators.amocrm.account import shown_account, shown_pipeline, shown_user
from emulators.amocrm.state import State
from emulators.messages import HAL, Request, Response, answer, no_content


def get_account(state: State, request: Request) -> Response:
    asked = set(dict(request.query()).get("with", "").split(","))
    shown = shown_account(name_of_parts=asked, filter_enabled=state.settings.filter_enabled)
    return answer(shown, content_type=HAL)


def get_users(state: State, _: Request) -> Response:
    admin = state.settings.is_admin
    return _collection("users", [shown_user(each, is_admin=admin) for each in state.users.values()])


def get_user(state: State, request: Request) -> Response:
    user = state.users.get(int(request.params["id"]))
    if user is None:
        return no_content()
    return answer(shown_user(user, is_admin=state.settings.is_admin), content_type=HAL)


def get_pipelines(state: State, _: Request) -> Response:
    return _collection("pipelines", [shown_pipeline(each) for each in state.pipelines])


def _collection(name: str, items: list[dict[str, Any]]) -> Response:
    payload: Mapping[str, Any] = {"_total_items": len(items), "_embedded": {name: items}}
    return answer(payload, content_type=HAL)
