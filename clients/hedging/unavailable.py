"""The error of a hedged call that brought nothing."""

from clients.errors import ServiceError
from clients.hedging.race import Reason, Try


class UnavailableError(ServiceError):
    """No attempt brought a final answer. `tries`: each of them; the last failure is the cause.

    What is known of a call's execution is what is known of its attempts: nothing. Hedged calls may
    be repeated, so this one may too, later.
    """

    def __init__(self, *, service: str, call: str, reason: Reason, tries: tuple[Try, ...]) -> None:
        told = ", ".join(
            f"{each.number} {each.started:.2f}-{each.ended:.2f} s {each.ending}" for each in tries
        )
        super().__init__(service=service, call=call, detail=f"{reason}: {told or 'no attempt'}")
        self.reason = reason
        self.tries = tries
