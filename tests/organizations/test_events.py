"""Which messages are events."""

from datetime import UTC, datetime, timedelta, timezone

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from organizations.events import AHEAD, MOST_BYTES, StatusChange, UnreadableError, parse

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
GOOD = {"permalink": 31, "published": True, "ts": "2026-11-22T11:00:00Z"}


def said(**values: object) -> bytes:
    return orjson.dumps(GOOD | values)


@pytest.mark.parametrize(
    ("ts", "at"),
    [
        ("2026-11-22T11:00:00Z", datetime(2026, 11, 22, 11, tzinfo=UTC)),
        (
            "2026-11-22T14:00:00.25+03:00",
            datetime(2026, 11, 22, 14, 0, 0, 250_000, tzinfo=timezone(timedelta(hours=3))),
        ),
    ],
)
def test_an_event_is_read(ts: str, at: datetime) -> None:
    assert parse(said(ts=ts, published=False), now=NOW) == StatusChange(31, False, at)


def test_what_else_is_said_is_tolerated() -> None:
    event = parse(said(version=7, reason={"code": "moved"}), now=NOW)
    assert event == parse(orjson.dumps(GOOD), now=NOW)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\x00",
        b"null",
        b" " * (MOST_BYTES + 1),
        said(permalink=0),
        said(permalink=-1),
        said(permalink="31"),
        said(permalink=31.0),
        said(permalink=True),
        said(permalink=2**63),
        said(published=1),
        said(published="true"),
        said(published=None),
        said(ts=None),
        said(ts=1_700_000_000),
        said(ts="yesterday"),
        said(ts="2026-11-22T11:00:00"),
        said(ts="1999-12-31T23:59:59Z"),
        said(ts=(NOW + AHEAD + timedelta(seconds=1)).isoformat()),
        *(orjson.dumps({k: v for k, v in GOOD.items() if k != key}) for key in GOOD),
    ],
)
def test_what_is_not_all_there_is_no_event(data: bytes) -> None:
    with pytest.raises(UnreadableError):
        parse(data, now=NOW)


def test_a_clock_may_be_ahead_a_little() -> None:
    assert parse(said(ts=(NOW + AHEAD).isoformat()), now=NOW).at == NOW + AHEAD


@given(st.binary(max_size=50) | st.text(max_size=20).map(orjson.dumps))
@settings(max_examples=50)
def test_any_bytes_are_an_event_or_are_refused(data: bytes) -> None:
    with pytest.raises(UnreadableError):
        parse(data, now=NOW)
