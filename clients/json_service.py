"""A service that speaks JSON: typed answers in place of bytes."""

from collections.abc import Callable
from typing import TypeVar

from clients import answers
from clients.calls import Answer, Call
from clients.errors import ServiceError
from clients.pacing import Lane
from clients.shapes import JsonObject, ShapeError
from clients.transport import PATIENCE, Transport

T = TypeVar("T")
NO_CONTENT = 204


class JsonService:
    """Reads and writes through one Transport; like it, not for two threads.

    Both raise what `Transport.call` raises. A 2xx that does not hold what was promised (HTML, no
    JSON, another shape) is an UnexpectedAnswerError for a read, and an UnknownOutcomeError for a
    write: it may have been carried out.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @property
    def name(self) -> str:
        """What the service is called in errors."""
        return self._transport.service

    def read(
        self,
        call: Call,
        shape: Callable[[JsonObject], T],
        *,
        lane: Lane,
        patience: float = PATIENCE,
    ) -> T | None:
        """The answer in `shape`; None for 204: there is nothing."""
        answer = self._transport.call(call, lane=lane, patience=patience)
        return None if answer.status == NO_CONTENT else self.shaped(call, answer, shape)

    def write(
        self,
        call: Call,
        shape: Callable[[JsonObject], T],
        *,
        lane: Lane,
        patience: float = PATIENCE,
        before_first_byte: Callable[[], float] | None = None,
    ) -> T:
        """The confirmation in `shape`."""
        answer = self._transport.call(
            call, lane=lane, patience=patience, before_first_byte=before_first_byte
        )
        return self.shaped(call, answer, shape)

    def shaped(self, call: Call, answer: Answer, shape: Callable[[JsonObject], T]) -> T:
        """The body of a 2xx as promised, or the error that says what that means."""
        found = answers.json_object(answer.body)
        if found is None:
            raise self.broken(call, answer, answers.detail_of(answer))
        try:
            return shape(found)
        except ShapeError as error:
            raise self.broken(call, answer, str(error)) from error

    def broken(self, call: Call, answer: Answer, detail: str) -> ServiceError:
        """The error for an answer that does not hold what was promised."""
        return self._transport.heed(
            answers.lost(answer, call=call, service=self.name, detail=detail)
        )
