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
OK = 200
NO_CONTENT = 204


class JsonService:
    """Reads and writes through one Transport; like it, not for two threads.

    All raise what `Transport.call` raises. A 2xx that does not hold what was promised (HTML, no
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

    def fetch(
        self,
        call: Call,
        shape: Callable[[JsonObject], T],
        *,
        lane: Lane,
        patience: float = PATIENCE,
    ) -> T:
        """The answer in `shape`, of a service that promises 200 for a complete one."""
        answer = self._transport.call(call, lane=lane, patience=patience)
        return self._complete(call, answer, shape)

    def find(
        self,
        call: Call,
        shape: Callable[[JsonObject], T],
        *,
        lane: Lane,
        patience: float = PATIENCE,
    ) -> T | None:
        """The same for a call that `may_be_absent`: None for the service's own 404."""
        answer = self._transport.call(call, lane=lane, patience=patience)
        if answers.is_absence(answer, call=call):
            return None
        return self._complete(call, answer, shape)

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

    def remove(self, call: Call, *, lane: Lane, patience: float = PATIENCE) -> None:
        """A removal, confirmed by 204, or by an absence where the call allows for that."""
        answer = self._transport.call(call, lane=lane, patience=patience)
        if answer.status != NO_CONTENT and not answers.is_absence(answer, call=call):
            raise self.broken(call, answer, "no confirmation")

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

    def _complete(self, call: Call, answer: Answer, shape: Callable[[JsonObject], T]) -> T:
        if answer.status != OK:
            raise self.broken(call, answer, "not a complete answer")
        return self.shaped(call, answer, shape)
