"""The amoCRM part of the control plane: who does what there, and under which path."""

from typing import Any

from emulators.amocrm.desks import Desk
from emulators.amocrm.hooks.control import HookDesk
from emulators.amocrm.judging import Judge
from emulators.amocrm.managing_account import AccountDesk
from emulators.amocrm.managing_companies import CompanyDesk
from emulators.amocrm.managing_leads import LeadDesk
from emulators.amocrm.problems import RefusedError
from emulators.amocrm.state import State
from emulators.messages import Request, Response
from emulators.routing import Handler, Router
from emulators.service import ControlRefusedError


class Control:
    """Requests of managers and judges; nothing here is counted or limited."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._judge = Judge(state)
        self._desks: tuple[Desk, ...] = (
            CompanyDesk(state),
            LeadDesk(state),
            AccountDesk(state),
            HookDesk(state),
            self._judge,
        )

    def add_routes(self, router: Router) -> None:
        for desk in self._desks:
            for method, path, handler in desk.routes():
                router.add(method, f"/_control/{path}", self._locked(handler))

    def audit(self) -> dict[str, Any]:
        return self._judge.audit()

    def _locked(self, handler: Handler) -> Handler:
        def locked(request: Request) -> Response:
            with self._state.lock:
                try:
                    return handler(request)
                except RefusedError as error:
                    raise ControlRefusedError(f"{error.path}: {error.detail}") from error
                except ValueError as error:  # something is no number
                    raise ControlRefusedError(str(error)) from error

        return locked
