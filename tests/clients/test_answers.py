"""What each status means, for a read and for a write."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clients.answers import DETAIL_CHARACTERS, LONGEST_RETRY_AFTER, failure_of, is_absence
from clients.calls import Answer, Call
from clients.errors import (
    AuthError,
    FieldError,
    FloodBlockError,
    NoRightsError,
    RateLimitedError,
    ServiceError,
    TooLargeError,
    TransientError,
    UnexpectedAnswerError,
    UnknownOutcomeError,
    UnpaidError,
    ValidationError,
)

READ = Call("GET", "/things")
WRITE = Call("POST", "/things", body=b"[{},{}]", writes=True, repeatable=False, items=2)

HTML = b"<html><body>nginx</body></html>"
PROBLEM = b'{"title":"Title","detail":"Detail","status":0}'


def answer(status: int, body: bytes = PROBLEM, **headers: str) -> Answer:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, names, body, sent_at=5.0, elapsed=1.0)


def failure(got: Answer, call: Call = WRITE) -> ServiceError:
    error = failure_of(got, call=call, service="things")
    assert error is not None
    return error


@pytest.mark.parametrize("status", [200, 201, 202, 204])
@pytest.mark.parametrize("call", [READ, WRITE])
def test_success_is_no_failure(status: int, call: Call) -> None:
    assert failure_of(answer(status, b""), call=call, service="things") is None


# https://www.amocrm.ru/developers/content/crm_platform/error-codes (checked 2026-11-22)
@pytest.mark.parametrize(
    ("status", "body", "of_read", "of_write"),
    [
        (300, b"", UnexpectedAnswerError, UnknownOutcomeError),
        (301, b"", UnexpectedAnswerError, UnknownOutcomeError),
        (302, b"", UnexpectedAnswerError, UnknownOutcomeError),
        (304, b"", UnexpectedAnswerError, UnknownOutcomeError),
        (307, b"", UnexpectedAnswerError, UnknownOutcomeError),
        (308, b"", UnexpectedAnswerError, UnknownOutcomeError),
        (400, PROBLEM, ValidationError, ValidationError),
        (400, HTML, ValidationError, ValidationError),
        (401, PROBLEM, AuthError, AuthError),
        (401, b"", AuthError, AuthError),
        (402, PROBLEM, UnpaidError, UnpaidError),
        (403, PROBLEM, NoRightsError, NoRightsError),
        (403, HTML, FloodBlockError, FloodBlockError),
        (403, b"", FloodBlockError, FloodBlockError),
        (403, b'"no"', FloodBlockError, FloodBlockError),
        (404, PROBLEM, UnexpectedAnswerError, UnexpectedAnswerError),
        (405, PROBLEM, UnexpectedAnswerError, UnexpectedAnswerError),
        (408, HTML, TransientError, UnknownOutcomeError),
        (409, PROBLEM, UnexpectedAnswerError, UnknownOutcomeError),
        (413, HTML, TooLargeError, TooLargeError),
        (418, PROBLEM, UnexpectedAnswerError, UnknownOutcomeError),
        (422, PROBLEM, ValidationError, TooLargeError),
        (429, PROBLEM, RateLimitedError, RateLimitedError),
        (429, HTML, RateLimitedError, RateLimitedError),
        (499, HTML, UnexpectedAnswerError, UnknownOutcomeError),
        (500, PROBLEM, TransientError, UnknownOutcomeError),
        (502, HTML, TransientError, UnknownOutcomeError),
        (503, HTML, TransientError, UnknownOutcomeError),
        (504, HTML, TransientError, UnknownOutcomeError),
        (599, b"", TransientError, UnknownOutcomeError),
    ],
)
def test_status_decides_the_type(
    status: int, body: bytes, of_read: type[ServiceError], of_write: type[ServiceError]
) -> None:
    got = answer(status, body, x_request_id="trace")
    for_read, for_write = failure(got, READ), failure(got, WRITE)
    assert (type(for_read), type(for_write)) == (of_read, of_write)
    assert for_read.status == for_write.status == status
    assert for_read.trace_id == for_write.trace_id == "trace"
    assert (for_read.call, for_write.call) == ("GET /things", "POST /things")


@settings(deadline=None)  # how long it takes on a busy machine says nothing
@given(st.integers(100, 999).filter(lambda status: not 200 <= status < 300))
def test_write_is_called_not_executed_only_where_that_is_known(status: int) -> None:
    refused = {400, 401, 402, 403, 404, 405, 413, 422, 429}
    assert isinstance(failure(answer(status)), UnknownOutcomeError) == (status not in refused)


@pytest.mark.parametrize(
    ("status", "body", "absent"),
    [
        (404, PROBLEM, True),
        (404, b"{}", True),
        (404, b"", True),
        (404, HTML, False),
        (404, b"[]", False),
        (404, b'{"detail":', False),
        (405, PROBLEM, False),
        (410, PROBLEM, False),
        (204, b"", False),
    ],
)
def test_absence_is_the_services_own_404(status: int, body: bytes, absent: bool) -> None:
    call = Call("GET", "/things/1", may_be_absent=True)
    got = answer(status, body)
    assert is_absence(got, call=call) == absent
    assert (failure_of(got, call=call, service="things") is None) == (absent or status == 204)
    assert not is_absence(got, call=READ)


def test_unknown_outcome_says_what_its_settling_needs() -> None:
    error = failure(answer(502, HTML))
    assert isinstance(error, UnknownOutcomeError)
    assert (error.sent_at, error.repeatable, error.overloaded) == (5.0, False, False)


def test_504_asks_for_smaller_writes() -> None:
    error = failure(answer(504, HTML), Call("PATCH", "/things", body=b"[]", writes=True))
    assert isinstance(error, UnknownOutcomeError)
    assert (error.overloaded, error.repeatable) == (True, True)


def test_complaint_about_one_thing_cannot_be_halved() -> None:
    one = Call("POST", "/things", body=b"{}", writes=True, repeatable=False)
    assert isinstance(failure(answer(422), one), ValidationError)


VALIDATION = b"""{"validation-errors":[
  {"request_id":"s1","errors":[
    {"code":"NotSupportedChoice","path":"custom_fields_values.0.field_id","detail":"No choice."},
    {"code":"FieldNotExpected","path":"name1","detail":"Not expected."}]},
  {"request_id":7,"errors":[{"code":"InvalidType","path":"name","detail":"A string."}]}],
 "title":"Bad Request","status":400,"detail":"Request validation failed"}"""


def test_validation_errors_are_told_by_request_id() -> None:
    error = failure(answer(400, VALIDATION))
    assert isinstance(error, ValidationError)
    assert error.detail == "Request validation failed"
    assert error.items == {
        "s1": (
            FieldError("NotSupportedChoice", "custom_fields_values.0.field_id", "No choice."),
            FieldError("FieldNotExpected", "name1", "Not expected."),
        ),
        "7": (FieldError("InvalidType", "name", "A string."),),
    }


@pytest.mark.parametrize(
    "body",
    [
        PROBLEM,
        HTML,
        b"",
        b"[]",
        b'{"validation-errors":null}',
        b'{"validation-errors":{}}',
        b'{"validation-errors":[null,1,{},{"request_id":null},{"errors":[]}]}',
    ],
)
def test_400_that_names_nobody_has_no_items(body: bytes) -> None:
    error = failure(answer(400, body))
    assert isinstance(error, ValidationError)
    assert error.items == {}


def test_item_named_with_strange_complaints_is_still_named() -> None:
    body = b'{"validation-errors":[{"request_id":"s1","errors":[null,{"code":5}]},{"request_id":"s2"}]}'
    error = failure(answer(400, body))
    assert isinstance(error, ValidationError)
    assert error.items == {"s1": (FieldError("5", "", ""),), "s2": ()}


@pytest.mark.parametrize(
    ("header", "body", "seconds"),
    [
        ("7", HTML, 7.0),
        ("0.5", HTML, 0.5),
        ("7", b'{"retry_after":300}', 7.0),
        (None, b'{"retry_after":300}', 300.0),
        (None, b'{"retry_after":"300"}', 300.0),
        (None, b'{"retry_after":null}', None),
        (None, b'{"retry_after":{}}', None),
        (None, HTML, None),
        ("soon", HTML, None),
        ("nan", HTML, None),
        ("inf", HTML, None),
        ("-5", HTML, 0.0),
        ("999999", HTML, LONGEST_RETRY_AFTER),
        ("Wed, 21 Oct 2015 07:28:00 GMT", HTML, 0.0),
        ("Wed, 21 Oct 2015 07:28:00", HTML, None),
    ],
)
def test_429_says_how_long_to_wait(header: str | None, body: bytes, seconds: float | None) -> None:
    headers = {} if header is None else {"retry_after": header}
    error = failure(answer(429, body, **headers))
    assert isinstance(error, RateLimitedError)
    assert error.retry_after == seconds


def test_429_may_name_a_moment() -> None:
    moment = datetime.now(UTC) + timedelta(seconds=100)
    error = failure(answer(429, HTML, retry_after=format_datetime(moment, usegmt=True)))
    assert isinstance(error, RateLimitedError)
    assert error.retry_after == pytest.approx(100, abs=5)


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b'{"title":"T","detail":"D"}', "D"),
        (b'{"title":"T","detail":"D","hint":"H"}', "H"),
        (b'{"title":"T","detail":""}', "T"),
        (b'{"title":"T","detail":[1]}', "T"),
        (b"{}", "no detail"),
        (HTML, "31 bytes of text/html"),
        (b"", "0 bytes of text/html"),
        (b"\xff\xfe", "2 bytes of text/html"),
    ],
)
def test_detail_is_the_services_own_and_never_a_body(body: bytes, detail: str) -> None:
    assert failure(answer(401, body, content_type="text/html")).detail == detail


def test_detail_is_shortened() -> None:
    told = failure(answer(401, b'{"detail":"' + b"many words " * 1000 + b'"}')).detail
    assert len(told) <= DETAIL_CHARACTERS


@settings(deadline=None)  # how long it takes on a busy machine says nothing
@given(st.integers(300, 599), st.binary(max_size=200), st.text(max_size=20))
def test_any_answer_gets_a_type(status: int, body: bytes, retry_after: str) -> None:
    got = answer(status, body, retry_after=retry_after)
    assert isinstance(failure(got, READ), ServiceError)
    assert isinstance(failure(got, WRITE), ServiceError)
