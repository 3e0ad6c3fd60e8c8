"""What administrators do to the account: fields, values, users, tokens; and what amoCRM does."""

from emulators.amocrm.desks import Routes, field_of
from emulators.amocrm.fields import EnumValue
from emulators.amocrm.state import State
from emulators.messages import Request, Response, answer
from emulators.service import ControlRefusedError, json_object


class AccountDesk:
    def __init__(self, state: State) -> None:
        self._state = state

    def routes(self) -> Routes:
        return (
            ("DELETE", "custom_fields/{key}", self._delete_field),
            ("DELETE", "enums/{key}/{value:path}", self._delete_enum),
            ("DELETE", "users/{id:int}", self._delete_user),
            ("POST", "flood_block", self._flood_block),
            ("POST", "tokens/revoke", self._revoke_tokens),
            ("POST", "tokens/code", self._new_code),
        )

    def _delete_field(self, request: Request) -> Response:
        for book in self._state.fields.values():
            if field := book.find(request.params["key"]):
                book.remove(field)
                return answer({"deleted": field.id})
        raise ControlRefusedError("no such field")

    def _delete_enum(self, request: Request) -> Response:
        field = field_of(self._state.fields["companies"], request.params["key"])
        kept: list[EnumValue] = [
            each for each in field.enums.values() if each.value != request.params["value"]
        ]
        if len(kept) == len(field.enums):
            raise ControlRefusedError("no such value")
        field.set_enums(kept)
        return answer({"left": len(kept)})

    def _delete_user(self, request: Request) -> Response:
        if self._state.users.pop(int(request.params["id"]), None) is None:
            raise ControlRefusedError("no such user")
        return answer({"users": list(self._state.users)})

    def _flood_block(self, request: Request) -> Response:
        blocked = json_object(request).get("blocked") is True
        self._state.limiter.set_blocked(blocked)
        return answer({"blocked": blocked})

    def _revoke_tokens(self, request: Request) -> Response:
        self._state.tokens.revoke()
        return answer({"revoked": True})

    def _new_code(self, request: Request) -> Response:
        return answer({"code": self._state.tokens.new_code()})
