"""Exhaustive exploration of a state model, breadth first: the first bad state has a shortest trace."""

import time
from array import array
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

S = TypeVar("S", bound=Hashable)


@dataclass(frozen=True)
class Explored(Generic[S]):
    """`bad`: how many states are. `trace`: how the first of them is reached, each step and the state
    after it. `stuck`: a state without hope.

    `names`: of all the steps that were taken.
    """

    states: int
    bad: int
    trace: Sequence[tuple[str, S]]
    stuck: S | None
    names: frozenset[str]
    seconds: float


class Explorer(Generic[S]):
    """`steps`: what may happen next, named. `is_bad`: must never be. `is_good`: can always be reached."""

    def __init__(
        self,
        *,
        start: S,
        steps: Callable[[S], Iterable[tuple[str, S]]],
        is_bad: Callable[[S], bool],
        is_good: Callable[[S], bool],
    ) -> None:
        self._steps = steps
        self._is_bad = is_bad
        self._is_good = is_good
        self._states = [start]
        self._number = {start: 0}
        self._came_from: list[tuple[int, str]] = [(0, "")]
        # Edges, flat: those of state n lie from _first[n] up to _first[n + 1].
        self._next, self._first = array("l"), array("l", [0])

    def explore(self, *, first_bad_only: bool = False) -> Explored[S]:
        """All states, or all up to the first bad one; then nobody asks which are stuck."""
        began = time.perf_counter()
        bad, trace, names = 0, list[tuple[str, S]](), set[str]()
        for number, state in enumerate(self._states):  # which grows meanwhile
            if self._is_bad(state):
                bad += 1
                trace = trace or self._trace(number)
                if first_bad_only:
                    break
            names.update(self._expand(number, state))
        stuck = None if first_bad_only and bad else self._stuck()
        seconds = time.perf_counter() - began
        return Explored(len(self._states), bad, trace, stuck, frozenset(names), seconds)

    def _expand(self, number: int, state: S) -> Iterable[str]:
        numbers, states = self._number, self._states
        taken = []
        for name, following in self._steps(state):
            known = numbers.setdefault(following, len(states))
            if known == len(states):
                states.append(following)
                self._came_from.append((number, name))
            self._next.append(known)
            taken.append(name)
        self._first.append(len(self._next))
        return taken

    def _trace(self, number: int) -> list[tuple[str, S]]:
        steps = []
        while number:
            before, name = self._came_from[number]
            steps.append((name, self._states[number]))
            number = before
        return steps[::-1]

    def _stuck(self) -> S | None:
        """A state from which no good one can be reached, if there is one."""
        hopeful = bytearray(self._is_good(state) for state in self._states)
        found = True
        while found:  # backwards, as steps lead forwards: few rounds
            found = False
            for number in range(len(self._states) - 1, -1, -1):
                if hopeful[number]:
                    continue
                reached = self._next[self._first[number] : self._first[number + 1]]
                if any(hopeful[following] for following in reached):
                    hopeful[number] = found = True
        hopeless = hopeful.find(0)
        return None if hopeless < 0 else self._states[hopeless]
