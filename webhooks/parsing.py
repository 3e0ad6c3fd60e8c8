"""amoCRM's webhook bodies, which PHP's `http_build_query` wrote, as plain nested dicts. Pure.

`contacts[update][0][id]=7` becomes `{"contacts": {"update": {"0": {"id": "7"}}}}`: all values are
strings, and indices stay keys, for a list would be filled up to whatever index a body names. The
result fits into PostgreSQL's jsonb: no NUL, no lone surrogates, no deep nesting.

Time is linear, and little of it is spent in Python: a body is decoded as a whole, and a pair costs
a few look-ups where another pair of the same body was in the same map.
"""

from binascii import a2b_qp
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

# reliability.md, B.4. amoCRM's own bodies have some 64 pairs a company and at most 250 companies;
# their deepest key is a custom field's value, of eight steps and some 70 characters.
MOST_PAIRS = 65_536
MOST_MAPS = 32_768  # 250 companies of 40 filled fields
# A body with the most of both would take half as long again as 120 ms. That of the 250 companies
# has 31,000 pairs with its maps.
MOST_TOGETHER = 81_920
DEEPEST = 8  # steps of a key, the first one included
MOST_BRACKETS = DEEPEST - 2  # before the last one
LONGEST_KEY = 256  # characters
LONGEST_VALUE = 65_536  # characters; amoCRM's longest text has as many

MOST_STEPS = 512  # that are remembered: amoCRM's bodies have fewer different ones

# Where the body itself has & and =, other than %26 and %3D. Nothing else in it has a NUL.
PAIR = "\0&"
EQUALS = "\0:"
SIGNS = bytes.maketrans(b"%+", b"= ")

Map: TypeAlias = dict[str, "str | Map"]


class UnparsableError(ValueError):
    """The body cannot be one of amoCRM's. The text is for administrators."""


class Flaw(StrEnum):
    """What is not in the data as it was in the body."""

    BAD_UTF8 = "bad_utf8"  # replaced by U+FFFD; counted once a body
    BAD_KEY = "bad_key"  # no name, or brackets that do not match; left out
    LONG_KEY = "long_key"  # left out
    DEEP_KEY = "deep_key"  # left out
    LONG_VALUE = "long_value"  # cut
    CONFLICT = "conflict"  # a value where a map is, or the other way round; the later one stays


@dataclass(frozen=True, slots=True)
class Parsed:
    """`data`: strings and further maps. `flaws`: how often each of them was met."""

    data: Map
    flaws: Counter[Flaw]


def parse(body: bytes) -> Parsed:
    """The body's pairs, sorted into maps by their keys; of equal keys the last one stays.

    Raises `UnparsableError` for too many pairs or maps and for a NUL, and nothing else.
    """
    pairs = body.count(b"&") + 1
    if pairs > MOST_PAIRS:
        raise UnparsableError(f"В теле больше {MOST_PAIRS} полей")
    tree = _Tree(most_maps=min(MOST_MAPS, MOST_TOGETHER - pairs))
    branches, steps = tree.branches, tree.steps
    for pair in _text(body, tree.flaws).split(PAIR):
        key, _, value = pair.partition(EQUALS)
        if "\0" in value:
            value = value.replace(EQUALS, "=")
        if len(pair) > LONGEST_KEY:
            if len(key) > LONGEST_KEY:
                tree.flaws[Flaw.LONG_KEY] += 1
                continue
            value = tree.cut(value)
        head, bracket, tail = key.rpartition("[")
        branch, leaf = branches.get(head), steps.get(tail)
        if leaf is None:
            branch, leaf = tree.place(head, bracket, tail, branch)
        elif branch is None:
            branch = tree.branch(head)
        if branch is None:
            tree.leave_out(pair, key)
            continue
        # Nearly always nothing is there yet, and then this is all.
        there = branch.setdefault(leaf, value)
        if there is not value:
            tree.replace(there, key)
            branch[leaf] = value
    return Parsed(data=tree.root, flaws=tree.flaws)


class _Tree:
    """The data while it grows.

    `branches`: what a key has before its last bracket -> that map. `steps`: what a key has after a
    bracket, the closing one included -> that step. Both know good ones only.
    """

    def __init__(self, *, most_maps: int) -> None:
        self.root: Map = {}
        self.flaws: Counter[Flaw] = Counter()
        self.branches: dict[str, Map] = {}
        self.steps: dict[str, str] = {}
        self._indices: dict[str, int] = {}
        self._most_maps = most_maps
        self._room = most_maps

    def place(
        self, head: str, bracket: str, tail: str, branch: Map | None
    ) -> tuple[Map | None, str]:
        """Where the value of a key belongs; no map if the key is no good, and then none is made."""
        if not bracket:
            return (self.root if _is_name(tail) else None), tail
        leaf = self._step(tail)
        if leaf is None:
            return None, tail
        if branch is None:
            branch = self.branch(head)
        if branch is not None and not leaf:
            leaf = self._free_index(head, branch)
        return branch, leaf

    def branch(self, head: str) -> Map | None:
        """The map that `head` names, made where it is missing; None if `head` is no good."""
        if head.count("[") > MOST_BRACKETS:
            return None
        above, bracket, tail = head.rpartition("[")
        if bracket:
            step = tail[:-1]
            if not step or tail.find("]") != len(step):
                return None
            parent = self.branches.get(above)
            if parent is None:
                parent = self.branch(above)
                if parent is None:
                    return None
        elif _is_name(head):
            step, parent = head, self.root
        else:
            return None
        made: Map = {}
        child = parent.setdefault(step, made)
        if child is made:
            self._count_map()
        elif type(child) is not dict:
            self.flaws[Flaw.CONFLICT] += 1
            self._count_map()
            child = parent[step] = made
        self.branches[head] = child
        return child

    def _count_map(self) -> None:
        self._room -= 1
        if self._room < 0:
            raise UnparsableError(f"В теле больше {self._most_maps} вложенных групп")

    def cut(self, value: str) -> str:
        """What may be kept of a value."""
        if len(value) > LONGEST_VALUE:
            self.flaws[Flaw.LONG_VALUE] += 1
        return value[:LONGEST_VALUE]

    def leave_out(self, pair: str, key: str) -> None:
        """Count a pair whose key is no good. Between && and the like there is none."""
        if pair:
            self.flaws[Flaw.DEEP_KEY if key.count("[") >= DEEPEST else Flaw.BAD_KEY] += 1

    def replace(self, gone: str | Map, key: str) -> None:
        """What `key` named goes; a map must not be found by its head any more."""
        if isinstance(gone, dict):
            self.flaws[Flaw.CONFLICT] += 1
            self._forget(key, gone)

    def _forget(self, head: str, gone: Map) -> None:
        self.branches.pop(head, None)
        for step, child in gone.items():
            if isinstance(child, dict):
                self._forget(f"{head}[{step}]", child)

    def _step(self, tail: str) -> str | None:
        """`tail` without its bracket: empty for that of `a[]`, None if that is not all of it."""
        step = tail[:-1]
        if tail.find("]") != len(step):
            return None
        if step and len(self.steps) < MOST_STEPS:
            self.steps[tail] = step
        return step

    def _free_index(self, head: str, branch: Map) -> str:
        """For `a[]`. Never looks at an index twice, so that all of them together are linear."""
        index = self._indices.get(head, len(branch))
        while (free := str(index)) in branch:
            index += 1
        self._indices[head] = index + 1
        return free


def _is_name(step: str) -> bool:
    """Can it stand before all brackets?"""
    return bool(step) and "]" not in step


def _text(body: bytes, flaws: Counter[Flaw]) -> str:
    """The decoded body, with its marks."""
    if b"\0" in body or b"%00" in body:
        raise UnparsableError("В теле есть нулевой символ, такое не хранит PostgreSQL")
    plain = _unescaped(body.replace(b"&", b"\0&").replace(b"=", b"\0:"))
    try:
        return plain.decode()
    except UnicodeDecodeError:
        flaws[Flaw.BAD_UTF8] += 1
        return plain.decode(errors="replace")


def _unescaped(marked: bytes) -> bytes:
    """Spaces for +, bytes for their %XX; a % that begins no escape stands for itself.

    The decoder of quoted-printable does it, which is in C: the escapes differ in their sign only,
    and the marks have left none of its signs. What it takes for a doubled sign or for the end of a
    line is escaped first; a sign that it leaves was a %.
    """
    quoted = marked.translate(SIGNS)
    plain = a2b_qp(quoted)
    has_lines = b"\n" in marked or b"\r" in marked
    if not has_lines and len(quoted) - len(plain) == 2 * quoted.count(b"="):
        return plain  # every sign began an escape: one byte for three
    quoted = quoted.replace(b"=3D", b"\0-").replace(b"=3d", b"\0-")
    quoted = quoted.replace(b"==", b"=25=").replace(b"==", b"=25=")  # once finds every other one
    quoted = quoted.replace(b"=\n", b"=25\n").replace(b"=\r", b"=25\r")
    if quoted.endswith(b"="):
        quoted += b"25"
    return a2b_qp(quoted).replace(b"=", b"%").replace(b"\0-", b"=")
