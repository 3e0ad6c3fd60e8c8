"""Bodies of webhooks as plain data: PHP's keys, whatever else a body may hold, and what it costs."""

import re
import sys
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Any
from urllib.parse import quote_plus, unquote_to_bytes

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from webhooks.cards import fields_of
from webhooks.events import read
from webhooks.parsing import (
    DEEPEST,
    LONGEST_KEY,
    LONGEST_VALUE,
    MOST_MAPS,
    MOST_PAIRS,
    MOST_TOGETHER,
    Flaw,
    Map,
    UnparsableError,
    parse,
)

NAMES = ("a", "b", "contacts", "update", "0", "1", "id", "value")
TOKENS = (
    *(name.encode() for name in NAMES),
    *(b"[", b"]", b"[]", b"][", b"%5B", b"%5d", b"[a]", b"%5B0%5D", b"[b][0]"),
    *(b"&", b"&", b"=", b"=", b"%3D", b"%26", b"&a=", b"&a[b]=", b"&a[b][1]=", b"&a[b][1][a]="),
    *(b"+", b"%", b"%%", b"%4", b"%zz", b"%41", b"\\x41", b"\n", b"%\r", b"%0A", b"\x01", b"-"),
    *(b"&leads[add][0][id]=1", b"&leads[add][0]", b"[custom_fields][0]", b"[values]", b"[value]"),
    *("Ы".encode(), b"%D0%AB", b"%D0", b"\xff", b"%FF", b"%ED%A0%80", b"%F0%9F%98%80", b"%00"),
)


def of_tokens(choice: bytes, tokens: tuple[bytes, ...] = TOKENS) -> bytes:
    """A body of what matters to the parser, a token for each byte of `choice`."""
    return b"".join(tokens[each % len(tokens)] for each in choice)


def http_build_query(data: Mapping[str, Any], *, inside: str = "") -> str:
    """As PHP writes it."""
    written = []
    for key, value in data.items():
        name = f"{inside}[{key}]" if inside else key
        if isinstance(value, dict):
            written.append(http_build_query(value, inside=name))
        else:
            written.append(f"{quote_plus(name)}={quote_plus(value)}")
    return "&".join(written)


KEY = re.compile(r"([^\[\]]+)((?:\[[^\[\]]+\])*)(\[\])?")


def plainly(body: bytes) -> tuple[dict[str, Any], int]:
    """What `parse` says, and how many conflicts it counts; without any thought for time."""
    root: dict[str, Any] = {}
    conflicts = 0
    found_free: dict[str, int] = {}
    for pair in body.split(b"&"):
        key, value = (
            unquote_to_bytes(part.replace(b"+", b" ")).decode(errors="replace")
            for part in (pair.partition(b"=")[::2])
        )
        found = KEY.fullmatch(key)
        if not found or key.count("[") >= DEEPEST or len(key) > LONGEST_KEY:
            continue
        path = [found[1], *re.findall(r"[^\[\]]+", found[2])]
        leaf = "" if found[3] else path.pop()
        branch = root
        for step in path:
            if not isinstance(branch.get(step), dict):
                conflicts += step in branch
                branch[step] = {}
            branch = branch[step]
        if not leaf:
            free = found_free.get(key, len(branch))
            free = next(index for index in range(free, sys.maxsize) if str(index) not in branch)
            found_free[key] = free + 1
            leaf = str(free)
        conflicts += isinstance(branch.get(leaf), dict)
        branch[leaf] = value[:LONGEST_VALUE]
    return root, conflicts


def check(body: bytes) -> None:
    """Everything that holds for any bytes."""
    try:
        parsed = parse(body)
    except UnparsableError:
        pairs = body.count(b"&") + 1
        most_maps = min(MOST_MAPS, MOST_TOGETHER - pairs)
        assert (
            b"\0" in unquote_to_bytes(body)
            or pairs > MOST_PAIRS
            or body.count(b"[") + body.lower().count(b"%5b") + pairs > most_maps
        )
        return
    assert (parsed.data, parsed.flaws[Flaw.CONFLICT]) == plainly(body)
    _is_within_limits(parsed.data, depth=1)
    written = orjson.dumps(parsed.data)  # refuses lone surrogates
    assert rb"\u0000" not in written.replace(rb"\\", b"")
    assert orjson.loads(written) == parsed.data
    for event in read(parsed).events:
        assert 0 < event.entity_id < 2**63
        for field in fields_of(event.item):
            assert all(isinstance(value, str) for value in field.values)


def _is_within_limits(data: Map, *, depth: int) -> None:
    assert depth <= DEEPEST
    for key, value in data.items():
        assert len(key) <= LONGEST_KEY
        if isinstance(value, dict):
            _is_within_limits(value, depth=depth + 1)
        else:
            assert len(value) <= LONGEST_VALUE


@settings(max_examples=2_000)
@given(st.binary(max_size=200))
def test_any_bytes_are_taken_or_refused(body: bytes) -> None:
    check(body)


@settings(max_examples=5_000)
@given(st.binary(max_size=40).map(of_tokens))
@example(b"a[b]=1&a=2&a[c]=3")
@example(b"a[b][c]=1&a[b]=2&a[b][c]=3&a[b][d]=4")
@example(b"a[b][c][d]=1&a[b]=2&a[b][c][d]=3")
@example(b"a[1]=x&a[]=y&a[]=z")
def test_bodies_of_whatever_matters_are_read_as_the_plain_reading_has_it(body: bytes) -> None:
    check(body)


ESCAPING = (b"%", b"%", b"%3D", b"%3d", b"=", b"4", b"1", b"F", b"z", b"\n", b"\r", b"+", b"-")


@settings(max_examples=2_500)
@given(st.binary(max_size=12).map(lambda choice: of_tokens(choice, ESCAPING)))
@example(b"%%3D%3D%")
@example(b"%\r4\n")
def test_escapes_mean_what_they_mean_to_the_standard_library(written: bytes) -> None:
    expected = unquote_to_bytes(written.replace(b"+", b" ")).decode(errors="replace")
    assert parse(b"k=" + written).data == {"k": expected}


STEPS = st.text(st.characters(codec="utf-8", exclude_characters="[]\0"), min_size=1, max_size=12)
VALUES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)


@settings(max_examples=500)
@given(
    st.recursive(
        st.dictionaries(STEPS, VALUES, min_size=1, max_size=4),
        lambda inner: st.dictionaries(STEPS, inner | VALUES, min_size=1, max_size=4),
        max_leaves=12,
    )
)
def test_what_php_writes_is_read_back(data: dict[str, Any]) -> None:
    body = http_build_query(data).encode()
    if _depth(data) > DEEPEST:
        assert parse(body).flaws[Flaw.DEEP_KEY]
    else:
        parsed = parse(body)
        assert (parsed.data, parsed.flaws) == (data, {})


def _depth(data: Mapping[str, Any]) -> int:
    return 1 + max((_depth(each) for each in data.values() if isinstance(each, dict)), default=0)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", {}),
        (b"&&", {}),
        (b"a", {"a": ""}),
        (b"a=", {"a": ""}),
        (b"a=b=c", {"a": "b=c"}),
        (b"a[x]=b=c%3Dd", {"a": {"x": "b=c=d"}}),
        (b"a%5Bx%5D=1%262", {"a": {"x": "1&2"}}),
        (b"a%3Db=1", {"a=b": "1"}),
        (b"a[x]=one+two%2B", {"a": {"x": "one two+"}}),
        (b"a[x]=100%", {"a": {"x": "100%"}}),
        (b"a[x]=1&a[x]=2", {"a": {"x": "2"}}),
        (b"a[]=1&a[]=2", {"a": {"0": "1", "1": "2"}}),
        (b"a[0]=1&a[]=2&a[7]=3&a[]=4", {"a": {"0": "1", "1": "2", "7": "3", "2": "4"}}),
        (b"a[9999999999999999999]=1", {"a": {"9999999999999999999": "1"}}),
        (b"a[b][c]=1&a[b][d]=2", {"a": {"b": {"c": "1", "d": "2"}}}),
        (b"a[ b ]=1", {"a": {" b ": "1"}}),
    ],
)
def test_keys_and_values(body: bytes, expected: Map) -> None:
    parsed = parse(body)
    assert (parsed.data, parsed.flaws) == (expected, {})


@pytest.mark.parametrize(
    ("body", "expected", "flaw"),
    [
        (b"a=1&a[b]=2", {"a": {"b": "2"}}, Flaw.CONFLICT),
        (b"a[b]=1&a=2", {"a": "2"}, Flaw.CONFLICT),
        (b"a[b][c]=1&a[b]=2&x=3", {"a": {"b": "2"}, "x": "3"}, Flaw.CONFLICT),
        # amoCRM itself writes this into notes of messages.
        (
            b"n[0][type]=3&n[0][type][message_uuid]=7",
            {"n": {"0": {"type": {"message_uuid": "7"}}}},
            Flaw.CONFLICT,
        ),
        (b"a[b=1&c=2", {"c": "2"}, Flaw.BAD_KEY),
        (b"a]=1&c=2", {"c": "2"}, Flaw.BAD_KEY),
        (b"[a]=1&c=2", {"c": "2"}, Flaw.BAD_KEY),
        (b"a[b]c=1&c=2", {"c": "2"}, Flaw.BAD_KEY),
        (b"a[][b]=1&c=2", {"c": "2"}, Flaw.BAD_KEY),
        (b"a][b]=1&c=2", {"c": "2"}, Flaw.BAD_KEY),
        (b"=1&c=2", {"c": "2"}, Flaw.BAD_KEY),
        (b"a=1&a[b]]=2", {"a": "1"}, Flaw.BAD_KEY),
        (b"a=1&a[b][c[d]=2", {"a": "1"}, Flaw.BAD_KEY),
        (b"a=1&a" + b"[b]" * DEEPEST, {"a": "1"}, Flaw.DEEP_KEY),
        (b"a=1&" + b"k" * 257 + b"=2", {"a": "1"}, Flaw.LONG_KEY),
        (b"a[x]=1&a[" + b"k" * 254 + b"]=2", {"a": {"x": "1"}}, Flaw.LONG_KEY),
        (b"a=%D0%AB%D0", {"a": "Ы\ufffd"}, Flaw.BAD_UTF8),
        (b"a=%ED%A0%80", {"a": "\ufffd" * 3}, Flaw.BAD_UTF8),
        (b"a[x]=1&a[y]=" + b"v" * 65_537, {"a": {"x": "1", "y": "v" * 65_536}}, Flaw.LONG_VALUE),
    ],
)
def test_what_is_wrong_is_counted_and_the_rest_is_read(
    body: bytes, expected: Map, flaw: Flaw
) -> None:
    parsed = parse(body)
    assert (parsed.data, parsed.flaws) == (expected, {flaw: 1})


def test_a_key_and_a_value_may_be_as_long_and_as_deep_as_the_limits() -> None:
    deep = "a" + "[b]" * (DEEPEST - 1)
    long = "k" * LONGEST_KEY
    parsed = parse(f"{deep}=1&{long}=2&v={'Ы' * LONGEST_VALUE}".encode())
    assert not parsed.flaws
    assert parsed.data[long] == "2"
    assert parsed.data["v"] == "Ы" * LONGEST_VALUE


def _together(*, pairs: int, maps: int) -> bytes:
    """A body of so many of each: one map above the others."""
    return b"&".join(b"a[%d][b]=" % (number % (maps - 1)) for number in range(pairs))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"&" * MOST_PAIRS, "полей"),
        (b"&".join(b"a[%d][b]=" % index for index in range(MOST_MAPS)), "групп"),
        (_together(pairs=MOST_PAIRS, maps=MOST_TOGETHER - MOST_PAIRS + 1), "групп"),
        (b"a=\0", "нулевой"),
        (b"a%00=1", "нулевой"),
        (b"a=%%00", "нулевой"),
    ],
)
def test_what_cannot_be_amocrms_is_refused_with_a_reason_for_people(
    body: bytes, reason: str
) -> None:
    with pytest.raises(UnparsableError, match=reason):
        parse(body)


def test_just_within_the_limits_of_a_body_is_read() -> None:
    assert len(parse(b"&".join(b"%d=" % n for n in range(MOST_PAIRS))).data) == MOST_PAIRS
    assert parse(_together(pairs=MOST_PAIRS, maps=MOST_TOGETHER - MOST_PAIRS)).flaws == {}
    one_less = b"&".join(b"a[%d][b]=" % index for index in range(MOST_MAPS - 1))
    assert len(dict(parse(one_less).data)["a"]) == MOST_MAPS - 1


def test_maps_are_found_again_however_many_were_met_meanwhile() -> None:
    rows = range(1_000)
    twice = [f"a[{row}][{step}][x]={row}" for step in ("b", "c") for row in rows]
    row = {row: {"b": {"x": row}, "c": {"x": row}} for row in map(str, rows)}
    assert parse("&".join(twice).encode()).data == {"a": row}


HOSTILE: dict[str, Callable[[int], bytes]] = {
    "pairs": lambda n: b"&" * n,
    "one key": lambda n: b"&".join([b"a[b][c]=1"] * n),
    "distinct keys": lambda n: b"&".join(b"a[%d]=1" % i for i in range(n)),
    "distinct maps": lambda n: b"&".join(b"a[%d][b]=1" % i for i in range(n)),
    "bad keys": lambda n: b"&".join([b"a[b]c"] * n),
    "brackets": lambda n: b"a" + b"[b]" * n,
    "escapes": lambda n: b"a=" + b"%" * n,
    "appended": lambda n: b"&".join([b"a[]"] * n),
    "appended behind taken indices": lambda n: b"&".join(
        [*(b"a[%d]" % (n + i) for i in range(n)), *[b"a[]&x=1&x[y]=1"] * n]
    ),
    "conflicts": lambda n: b"&".join([b"a[b][c][d]=1", b"a[x]=1", b"a[b]=1"] * n),
    "a conflict above many maps": lambda n: b"&".join(
        [*(b"a[b][%d][c]=1" % i for i in range(n)), *[b"a[b]=1", b"a[b][c]=1"] * n]
    ),
}


@pytest.mark.parametrize("shape", HOSTILE)
def test_work_grows_with_the_body_and_no_faster(shape: str) -> None:
    small, large = (_lines_run(HOSTILE[shape](pairs)) for pairs in (1_000, 4_000))
    assert large <= 4.1 * small + 100


def _lines_run(body: bytes) -> int:
    """How many lines of Python `parse` runs through: a measure that no busy machine changes."""
    lines = 0

    def count(_frame: FrameType, event: str, _argument: object) -> Any:
        nonlocal lines
        lines += event == "line"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        parse(body)
    finally:
        sys.settrace(before)
    return lines
