"""The create protocol as a model that is explored wholly: is there a second company, anywhere?

One seller, two workers, a reaper, a reconciler, and an amoCRM that commits late, loses answers and
shows late what it has committed. Everybody may be frozen for any time between any two steps; crashes
and tries are bounded. Steps have the names of the functions that take them (PRODUCTION).

    python -m tests.races.create_model      # every variant, wholly: states, bad states, seconds
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace

from tests.races import create_state as rows
from tests.races.create_state import IDLE, NOBODY, Attempt, Reconciler, State, Worker, worker_at
from tests.races.exploring import Explorer

PRODUCTION = {
    "classify": "companies.classifying.classify",
    "claim": "companies.attempts.claim",
    "mark_sent": "companies.attempts.mark_sent",
    "create": "clients.amocrm.companies.Companies.create",
    "confirm": "companies.attempts.confirm",
    "reject": "companies.rejections.reject",
    "release": "companies.attempts.release",
    "expire_prepared": "companies.attempts.expire_prepared",
    "_due": "companies.reconciling._due",
    "_by_token": "companies.reconciling._by_token",
    "_by_scan": "companies.reconciling._by_scan",
    "_absent": "companies.reconciling._absent",
}
# What amoCRM, the network, time and bad luck do, and what a worker
# only waits for. "401": crm/connection.py renews the token and calls once more.
WORLD = {
    "slot", "slot missed", "mark returns", "give up", "answer", "401", "answer lost",
    "arrive", "break off", "write", "refuse", "index", "crash", "tick",
}  # fmt: skip
# A POST: bytes are leaving (within W), amoCRM has them all (D1), made a company (D2), shows it.
AHEAD = {
    "leaving": (("arrive", "received"), ("break off", "void")),
    "received": (("write", "written"), ("refuse", "void")),
    "written": (("index", "visible"),),
}

Steps = Iterator[tuple[str, State]]


@dataclass(frozen=True)
class Variant:
    """The protocol, or one with a hole in it. Times are ticks; a limit holds while age <= limit."""

    name: str = "as built"
    crashes: int = 2
    tries: int = 2
    most_marks: int = 2
    gap: int = 1  # G: from asking for the mark to the first byte
    writing: int = 1  # W: from the first byte to the last
    late_write: int = 1  # D1: from the last byte to amoCRM's commit
    late_index: int = 1  # D2: from the commit until amoCRM shows it
    settle: int = 4  # S >= G + W + D1 + D2
    lease: int = 1  # of an attempt that is not sent yet
    scan_lease: int = 1
    absences: int = 2
    has_claims: bool = True
    has_marks: bool = True
    has_guard: bool = True
    has_fence: bool = True
    keeps_rows: bool = True
    sends_again: bool = False
    counts_gap_late: bool = False

    def steps(self, state: State) -> Steps:
        """Everything that may happen next, and who does it."""
        for number, worker in enumerate(state.workers):
            for name, after in self._worker(state, number, worker):
                yield f"worker {number + 1}: {name}", after
        for name, after in self._reaper(state):
            yield f"reaper: {name}", after
        for name, after in self._reconciler(state):
            yield f"reconciler: {name}", after
        for name, after in self._amocrm(state):
            yield f"amoCRM: {name}", after
        if self._may_tick(state):
            yield "time: tick", self._tick(state)

    # The worker: companies/creating.py

    def _worker(self, state: State, number: int, worker: Worker) -> Steps:
        at, mine, _ = worker
        if at == "idle":
            if state.seller in rows.CLAIMABLE and state.company == NOBODY and rows.has_tries(state):
                yield "classify", worker_at(state, number, Worker("new"))
            return
        if state.crashes:
            yield "crash", worker_at(state, number, IDLE)._replace(crashes=state.crashes - 1)
        if at == "new":
            yield "claim", self._claim(state, number)
        elif at == "waiting":
            yield from self._answer(state, number, mine)
        elif at == "answered":
            yield "confirm", worker_at(self._confirm(state, mine, "d"), number, IDLE)
        elif at == "refused":
            yield "reject", worker_at(rows.reject(state, mine), number, Worker("releasing", mine))
            yield "release", worker_at(rows.release(state, mine, "e"), number, IDLE)
        elif at == "releasing":
            yield "release", worker_at(rows.release(state, mine, "e"), number, IDLE)
        else:
            yield from self._send(state, number, worker)

    def _send(self, state: State, number: int, worker: Worker) -> Steps:
        """From the claim to the first byte."""
        at, mine, gap = worker
        attempt = state.attempts[mine]
        if at == "marking":
            yield "mark_sent", self._mark_sent(state, number, worker)
        elif at == "unseen":
            yield "mark returns", worker_at(state, number, Worker("marked", mine))
        else:
            if at == "claimed" and self.has_marks:
                yield "slot", worker_at(state, number, Worker("marking", mine))
            elif self._may_leave(attempt, gap):
                sent = rows.change(state, mine, attempt._replace(post="leaving"))
                yield "create", worker_at(sent, number, Worker("waiting", mine))
            if at == "marked" and attempt.marks < self.most_marks:
                yield "slot missed", worker_at(state, number, Worker("marking", mine))
            yield "give up", worker_at(state, number, Worker("releasing", mine))

    def _may_leave(self, attempt: Attempt, gap: int) -> bool:
        if not self.has_marks:
            return attempt.row == "p" and attempt.age <= self.lease
        return gap <= self.gap or not self.has_guard

    def _claim(self, state: State, number: int) -> State:
        is_taken = self.has_claims and state.seller not in rows.CLAIMABLE
        if is_taken or state.scan_lease or not rows.has_tries(state):
            return worker_at(state, number, IDLE)
        mine, state = rows.insert(state, Attempt("p"))
        return worker_at(state, number, Worker("claimed", mine))

    def _mark_sent(self, state: State, number: int, worker: Worker) -> State:
        """One that is marked already was marked by this worker: nobody else works on its attempt."""
        attempt = state.attempts[worker.attempt]
        if attempt.row != "s" and (attempt.row != "p" or attempt.age > self.lease):
            return worker_at(state, number, IDLE)
        marked = rows.change(state, worker.attempt, Attempt("s", marks=attempt.marks + 1))
        at = "unseen" if self.counts_gap_late else "marked"
        return worker_at(marked, number, worker._replace(at=at))

    def _answer(self, state: State, number: int, mine: int) -> Steps:
        post = state.attempts[mine].post
        if post in rows.MADE:
            yield "answer", worker_at(state, number, Worker("answered", mine))
        elif post == "void":
            yield "answer", worker_at(state, number, Worker("refused", mine))
            if state.attempts[mine].marks < self.most_marks and self.has_marks:
                yield "401", worker_at(state, number, Worker("marking", mine))
        if self.sends_again and rows.has_tries(state):
            again, state = rows.insert(state, Attempt("s", marks=1, post="leaving"))
            yield "answer lost", worker_at(state, number, Worker("waiting", again))
        else:
            yield "answer lost", worker_at(state, number, IDLE)

    def _confirm(self, state: State, mine: int, closed_as: str) -> State:
        return rows.confirm(state, mine, closed_as, keeps_rows=self.keeps_rows)

    # The reaper and the reconciler: companies/attempts.py, companies/reconciling.py

    def _reaper(self, state: State) -> Steps:
        for mine, attempt in enumerate(state.attempts):
            if attempt.row == "p" and attempt.age > self.lease:
                yield "expire_prepared", rows.release(state, mine, "e")

    def _reconciler(self, state: State) -> Steps:
        at, mine, _, _, owes = reading = state.reconciler
        if at == "idle":
            yield from self._due(state)
            return
        rest = state._replace(reconciler=rows.RESTING)
        if state.crashes:
            yield "crash", rest._replace(crashes=state.crashes - 1)
        seen = "found" if state.attempts[mine].post == "visible" else "absent"
        if at == "due":
            if seen == "found" or not owes:
                yield "_by_token", state._replace(reconciler=reading._replace(at="found"))
            elif state.scan_lease:
                yield "_by_token", rest
            else:
                scanning = state._replace(scan_lease=self.scan_lease)
                yield "_by_token", scanning._replace(reconciler=reading._replace(at="scanning"))
        elif at == "scanning":
            yield "_by_scan", state._replace(reconciler=reading._replace(at=seen), scan_lease=0)
        elif at == "found" and owes:
            yield "confirm", self._confirm(rest, mine, "r")
        elif at == "found":  # an attempt without sellers is only closed
            is_open = state.attempts[mine].row == "s"
            yield "confirm", rows.close(rest, mine, "r") if is_open else rest
        else:
            yield self._judge(rest, reading)

    def _due(self, state: State) -> Steps:
        for mine, attempt in enumerate(state.attempts):
            again = not attempt.reads or attempt.read_age > self.settle // 4
            if attempt.row == "s" and attempt.age > self.settle and again:
                owes = rows.is_held(state, mine)
                due = Reconciler("due", mine, attempt.marks, attempt.reads, owes)
                yield "_due", state._replace(reconciler=due)

    def _judge(self, rest: State, reading: Reconciler) -> tuple[str, State]:
        """Absent once more. The last time frees, unless the owner has marked meanwhile."""
        mine = reading.attempt
        attempt = rest.attempts[mine]
        is_same = attempt.row == "s" and attempt.marks == reading.marks
        if reading.reads + 1 >= self.absences:
            frees = is_same or not self.has_fence
            return "release", rows.release(rest, mine, "r") if frees else rest
        read = attempt._replace(reads=attempt.reads + 1, read_age=0)
        return "_absent", rows.change(rest, mine, read) if is_same else rest

    # amoCRM and time

    def _amocrm(self, state: State) -> Steps:
        for mine, attempt in enumerate(state.attempts):
            for name, post in AHEAD.get(attempt.post, ()):
                yield name, rows.change(state, mine, attempt._replace(post=post, post_age=0))

    def _may_tick(self, state: State) -> bool:
        """What amoCRM and the network do in time, they do before it is over."""
        limits = {"leaving": self.writing, "received": self.late_write, "written": self.late_index}
        return not any(
            attempt.post in limits and attempt.post_age >= limits[attempt.post]
            for attempt in state.attempts
        )

    def _tick(self, state: State) -> State:
        first, second = state.workers
        return state._replace(
            workers=(self._older_worker(first), self._older_worker(second)),
            attempts=tuple([self._older_attempt(attempt) for attempt in state.attempts]),
            scan_lease=max(0, state.scan_lease - 1),
        )

    def _older_worker(self, worker: Worker) -> Worker:
        if worker.at in ("marking", "marked") and worker.gap <= self.gap:
            return worker._replace(gap=worker.gap + 1)
        return worker

    def _older_attempt(self, attempt: Attempt) -> Attempt:
        """Beyond its limit nobody tells one age from another."""
        row, age, marks, reads, read_age, post, post_age = attempt
        if row in rows.OPEN:
            age = min(age + 1, 1 + (self.lease if row == "p" else self.settle))
        if reads:
            read_age = min(read_age + 1, 1 + self.settle // 4)
        if post in AHEAD:
            post_age += 1
        return Attempt(row, age, marks, reads, read_age, post, post_age)


def start(variant: Variant) -> State:
    """A seller that nobody knows."""
    return rows.initial(tries=variant.tries, crashes=variant.crashes)


def explorer(variant: Variant) -> Explorer[State]:
    """Of all the states of a variant."""
    return Explorer(
        start=start(variant), steps=variant.steps, is_bad=rows.is_bad, is_good=rows.is_good
    )


AS_BUILT = Variant()
HOLDING = (AS_BUILT, replace(AS_BUILT, name="one absent read", absences=1))
CALM = replace(AS_BUILT, crashes=0)  # no hole needs a crash
BROKEN = (
    replace(CALM, name="one absent read, S one tick shorter", absences=1, settle=3),
    replace(CALM, name="two absent reads, S two ticks shorter", settle=2),
    replace(CALM, name="read the mapping, then POST", has_claims=False),
    replace(CALM, name="claim without a sent-mark (lease only)", has_marks=False),
    replace(CALM, name="POST again after a timeout", sends_again=True),
    replace(CALM, name="intent deleted on confirm, stale snapshot", keeps_rows=False),
    replace(CALM, name="unbounded pause between guard and write", has_guard=False),
    replace(CALM, name="amoCRM shows later than assumed", late_index=4),
    replace(CALM, name="gap counted from the mark's return", counts_gap_late=True),
    replace(CALM, name="release not fenced by the mark", has_fence=False),
)


def main() -> None:
    """Explore every variant wholly and print what was found."""
    line = "{:44} {:>9,} {:>8,} {:>8.1f}\n"
    sys.stdout.write("{:44} {:>9} {:>8} {:>8}\n".format("variant", "states", "bad", "seconds"))
    for variant in (*HOLDING, *BROKEN):
        found = explorer(variant).explore()
        sys.stdout.write(line.format(variant.name, found.states, found.bad, found.seconds))
        if bool(found.bad) != (variant in BROKEN) or (found.stuck and variant in HOLDING):
            sys.exit("That is not what was expected")


if __name__ == "__main__":
    main()
