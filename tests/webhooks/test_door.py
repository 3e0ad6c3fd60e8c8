"""The door: who may come in, how much, and what is stored of it."""

from collections.abc import Iterator
from io import BytesIO

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.test import Client, RequestFactory
from pytest_django import Settings

from tests.crm.threads import at_once
from tests.statement_counter import counted as statements_counted
from tests.webhooks.knocking import (
    BODY,
    FORM,
    OLDER_SECRET,
    REST_SECONDS,
    SECRET,
    bring,
    counted,
    only,
    opened,
    path,
)
from webhooks.bell import bell
from webhooks.knocks import LINES_OF_ONE, MOST_LINES, PERIOD_SECONDS, Knocks, knocks
from webhooks.models import Delivery, Door
from webhooks.views import MOST_BYTES, WRONG_SECRET

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"]


@pytest.fixture
def door(transactional_db: None, settings: Settings) -> Iterator[Settings]:
    yield from opened(settings)


def bring_raw(sent: bytes, **environ: object) -> int:
    """What the handler answers to a request whose body is not what its head says."""
    raw = RequestFactory().post(path(), content_type=FORM).environ
    raw |= {"wsgi.input": BytesIO(sent), "REQUEST_METHOD": "POST"} | environ
    status: list[str] = []
    WSGIHandler()(
        {name: value for name, value in raw.items() if value is not None},
        lambda line, _headers, _error=None: status.append(line),  # type: ignore[arg-type]
    )
    return int(status[0].split()[0])


# Who may come in


def test_wrong_secret_is_not_found_whatever_the_method(door: Settings) -> None:
    secrets = ("wrong", SECRET[:-1], SECRET.upper(), f"{SECRET}x", "сек%00рет")
    for method in METHODS:
        for secret in secrets:
            assert Client().generic(method, path(secret=secret)).status_code == 404, method
    assert not Delivery.objects.exists()
    assert counted(WRONG_SECRET) == len(METHODS) * len(secrets)


def test_wrong_secret_is_not_found_where_no_secret_is_set(door: Settings) -> None:
    door.WEBHOOK_SECRETS = []
    assert bring() == 404


def test_each_secret_opens_every_door(door: Settings) -> None:
    for secret in (SECRET, OLDER_SECRET):
        for each in Door:
            assert bring(secret.encode(), to=path(each, secret=secret)) == 204
    assert Delivery.objects.count() == 6
    assert set(Delivery.objects.values_list("door", flat=True)) == set(Door)
    assert counted(WRONG_SECRET) == 0


def test_secret_that_is_taken_away_opens_no_more(door: Settings) -> None:
    door.WEBHOOK_SECRETS = [SECRET]
    assert bring(to=path(secret=OLDER_SECRET)) == 404


def test_other_methods_with_the_right_secret_are_not_allowed(door: Settings) -> None:
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        assert Client().generic(method, path(), BODY).status_code == 405, method
    assert not Delivery.objects.exists()


def test_nobody_is_asked_what_the_sender_likes_to_read(door: Settings) -> None:
    for accepts in ("text/html", "application/xml, text/plain;q=0.5", "nonsense"):
        assert bring(to=path(secret="wrong"), HTTP_ACCEPT=accepts) == 404
        assert bring(HTTP_ACCEPT=accepts) == 204


def test_query_string_means_nothing(door: Settings) -> None:
    assert bring(to=f"{path()}?format=xml&a=1") == 204


# How much may come in


def test_body_that_is_announced_too_large_is_not_even_read(door: Settings) -> None:
    class Unread(BytesIO):
        def read(self, *_: object) -> bytes:
            raise AssertionError("the body was read")

    announced = {"CONTENT_LENGTH": str(MOST_BYTES + 1), "wsgi.input": Unread()}
    assert bring_raw(b"", **announced) == 413
    assert not Delivery.objects.exists()
    assert counted("webhooks_too_large") == 1


def test_body_that_is_too_large_is_refused(door: Settings) -> None:
    assert bring(b"x" * (MOST_BYTES + 1)) == 413
    assert not Delivery.objects.exists()


def test_largest_body_is_stored_byte_for_byte(door: Settings) -> None:
    body = bytes(range(256)) * (MOST_BYTES // 256)
    assert bring(body) == 204
    assert bytes(only().body) == body


def test_any_bytes_are_stored_as_they_came(door: Settings) -> None:
    odd = [b"", b"\x00", b"a=\x00&b=%00", b"\xff\xfe\xed\xa0\x80", b"{}", b"\r\n\r\n", b"\\x41"]
    for body in odd:
        assert bring(body) == 204
    assert sorted(bytes(one.body) for one in Delivery.objects.all()) == sorted(odd)


def test_limits_of_forms_do_not_hold(door: Settings) -> None:
    door.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    door.DATA_UPLOAD_MAX_NUMBER_FIELDS = 10
    body = b"&".join(b"f%d=v" % number for number in range(5_000))
    assert bring(body) == 204
    assert bytes(only().body) == body


def test_multipart_is_not_unpacked(door: Settings) -> None:
    answer = Client().post(path(), {"a": "1", "b": "2"})
    assert answer.status_code == 204
    assert b'name="b"' in bytes(only().body)


def test_sender_that_is_gone_is_not_stored(door: Settings) -> None:
    class Broken(BytesIO):
        def read(self, *_: object) -> bytes:
            raise ConnectionResetError

    assert bring_raw(b"", CONTENT_LENGTH="100", **{"wsgi.input": Broken()}) == 400
    assert not Delivery.objects.exists()


def test_body_that_broke_off_is_not_stored(door: Settings) -> None:
    assert bring_raw(BODY[:-3], CONTENT_LENGTH=str(len(BODY))) == 400
    assert not Delivery.objects.exists()


def test_body_without_a_length_is_not_lost_silently(door: Settings) -> None:
    chunked: dict[str, object] = {
        "CONTENT_LENGTH": None,
        "HTTP_TRANSFER_ENCODING": "chunked",
        "wsgi.input_terminated": True,
    }
    if bring_raw(BODY, **chunked) == 204:
        assert bytes(only().body) == BODY


# What is stored of it


def test_only_listed_headers_are_kept_and_not_all_of_them(door: Settings) -> None:
    status = bring(
        HTTP_USER_AGENT="amoCRM-Webhooks/3.0\x00" + "x" * 300,
        HTTP_X_REQUEST_ID="r-1",
        HTTP_AUTHORIZATION="Bearer secret",
        HTTP_COOKIE="session=1",
        HTTP_X_FORWARDED_FOR="203.0.113.7",
    )
    assert status == 204
    headers = only().headers
    assert headers.keys() == {"Content-Type", "User-Agent", "X-Request-Id"}
    assert headers["X-Request-Id"] == "r-1"
    assert headers["User-Agent"].startswith("amoCRM-Webhooks/3.0xx")
    assert len(headers["User-Agent"]) < 201


def test_request_waits_for_the_reader(door: Settings) -> None:
    door.WEBHOOK_ECHO_WAIT = 2
    for each in Door:
        bring(to=path(each))
    waits = {
        one.door: (one.due_at - one.received_at).total_seconds() for one in Delivery.objects.all()
    }
    assert set(Delivery.objects.values_list("state", flat=True)) == {Delivery.State.STORED}
    assert waits[Door.LEAD_STATUS] == pytest.approx(0, abs=0.1)
    assert waits[Door.COMPANY_REFRESH] == pytest.approx(2, abs=0.1)
    assert waits[Door.COMPANY_FEED] == pytest.approx(2, abs=0.1)


def test_repeat_is_one_row_while_the_first_waits_and_a_new_one_after(door: Settings) -> None:
    for _ in range(3):
        assert bring() == 204
    first = only()
    assert counted("webhooks_repeated") == 2
    assert bring(to=path(Door.COMPANY_FEED)) == 204
    assert Delivery.objects.count() == 2
    Delivery.objects.filter(pk=first.pk).update(state=Delivery.State.READ)
    assert bring() == 204
    assert Delivery.objects.filter(door=Door.LEAD_STATUS).count() == 2


def test_same_request_from_eight_threads_is_one_row(door: Settings) -> None:
    assert at_once(bring, threads=8) == [204] * 8
    assert Delivery.objects.count() == 1
    assert counted("webhooks_repeated") == 7


def test_acknowledgement_is_one_statement(door: Settings) -> None:
    bring(b"warm=1")
    assert bell.rest(seconds=REST_SECONDS)
    with statements_counted() as counter:
        assert bring() == 204
        assert bell.rest(seconds=REST_SECONDS)
    [statement] = counter.statements
    assert statement.lstrip().startswith("INSERT INTO webhooks_delivery")


# What wrong secrets fill


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Addresses in the log's lines about wrong secrets, and whatever else names a door."""
    return [
        getattr(record, "address", record.getMessage())
        for record in caplog.records
        if record.getMessage() == "door.wrong_secret" or "/webhooks/" in record.getMessage()
    ]


def test_log_has_a_few_lines_of_an_address_that_guesses_and_every_guess_is_counted(
    door: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    knocks.forget()
    for number in range(10):
        assert bring(to=path(secret=f"guess-{number}")) == 404
    assert bring(to=path(secret="guess"), REMOTE_ADDR="203.0.113.7") == 404
    assert said(caplog) == ["127.0.0.1"] * LINES_OF_ONE + ["203.0.113.7"]
    assert counted(WRONG_SECRET) == 11


def test_right_secret_passes_whatever_came_from_its_address(door: Settings) -> None:
    for number in range(500):
        bring(to=path(secret=f"guess-{number}"))
    assert bring() == 204


def test_log_and_memory_are_bounded_whoever_knocks() -> None:
    now = 0.0
    many = Knocks(monotonic=lambda: now)
    news = [many.is_news(f"2001:db8::{number:x}") for number in range(10 * MOST_LINES)]
    assert news == [True] * MOST_LINES + [False] * (9 * MOST_LINES)
    assert len(many) <= MOST_LINES
    now = PERIOD_SECONDS
    assert many.is_news("2001:db8::1")
    assert len(many) == 1


def test_wrong_secret_costs_no_statement(door: Settings) -> None:
    bring(to=path(secret="warm"))
    assert bell.rest(seconds=REST_SECONDS)
    with statements_counted() as counter:
        assert bring(to=path(secret="wrong")) == 404
        here = list(counter.statements)
        assert bell.rest(seconds=REST_SECONDS)
    assert not here  # the bell's thread counts later, many at once


# What goes round the pages' middleware


def test_doors_need_no_session_no_user_and_no_csrf_token(door: Settings) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies["sessionid"] = "none"
    answer = strict.generic("POST", path(), BODY, content_type=FORM)
    assert answer.status_code == 204
    assert not hasattr(answer.wsgi_request, "session")
    assert not hasattr(answer.wsgi_request, "user")


def test_plain_requests_are_sent_to_tls_here_as_everywhere(door: Settings) -> None:
    door.SECURE_SSL_REDIRECT = True
    assert bring() == 301
    answer = Client().generic("POST", path(), BODY, content_type=FORM, secure=True)
    assert answer.status_code == 204


@pytest.mark.parametrize("end", ["no-such-door/", "lead-status", "lead-status//", ""])
def test_what_is_no_door_is_not_found(door: Settings, end: str) -> None:
    assert Client().post(f"/webhooks/amocrm/{SECRET}/{end}").status_code == 404
