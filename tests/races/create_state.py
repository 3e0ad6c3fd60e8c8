"""A state of the create protocol's model, and what one statement does to its rows.

Rows have the letters that the tables have: seller_sync p k a x, create_attempt p s d e r.
"""

from typing import NamedTuple


class Worker(NamedTuple):
    """`gap`: ticks since it asked for the sent-mark."""

    at: str = "idle"
    attempt: int = -1
    gap: int = 0


class Attempt(NamedTuple):
    """A row of create_attempt, and its POST as the network and amoCRM have it; "": there is none.

    `age`: of the lease (p) or of the mark (s). `marks`: how many were made, it stands for `sent_at`.
    """

    row: str = ""
    age: int = 0
    marks: int = 0
    reads: int = 0
    read_age: int = 0
    post: str = ""
    post_age: int = 0


class Reconciler(NamedTuple):
    """What it loaded with a due attempt. `owes`: the attempt has its seller still to account for."""

    at: str = "idle"
    attempt: int = -1
    marks: int = 0
    reads: int = 0
    owes: bool = False


class State(NamedTuple):
    """`seller`, `holder`: a row of seller_sync. `company`: of which attempt the linked one is."""

    seller: str
    holder: int
    company: int
    workers: tuple[Worker, Worker]
    attempts: tuple[Attempt, ...]
    reconciler: Reconciler
    scan_lease: int  # ticks that are left of it
    crashes: int  # that are left


IDLE, RESTING, NO_ATTEMPT, NOBODY = Worker(), Reconciler(), Attempt(), -1
CLAIMABLE = ("", "a", "x")  # "": nobody has seen this seller yet
OPEN = ("p", "s")
MADE = ("written", "visible")  # POSTs that made a company


def initial(*, tries: int, crashes: int) -> State:
    """A seller that nobody knows, an empty account."""
    return State("", NOBODY, NOBODY, (IDLE, IDLE), (NO_ATTEMPT,) * tries, RESTING, 0, crashes)


def has_tries(state: State) -> bool:
    """Whether this model has one more attempt."""
    return NO_ATTEMPT in state.attempts


def worker_at(state: State, number: int, worker: Worker) -> State:
    """Worker `number` is there now."""
    first, second = state.workers
    return state._replace(workers=(first, worker) if number else (worker, second))


def change(state: State, mine: int, attempt: Attempt) -> State:
    """Another attempt in place of this one."""
    attempts = state.attempts
    return state._replace(attempts=(*attempts[:mine], attempt, *attempts[mine + 1 :]))


def insert(state: State, attempt: Attempt) -> tuple[int, State]:
    """A claim's two rows. The attempt's number."""
    mine = state.attempts.index(NO_ATTEMPT)
    return mine, change(state, mine, attempt)._replace(seller="p", holder=mine)


def is_held(state: State, mine: int) -> bool:
    """Whether the seller is claimed, and by this attempt."""
    return state.seller == "p" and state.holder == mine


def close(state: State, mine: int, closed_as: str) -> State:
    """What is closed has no age any more; its POST has."""
    post, post_age = state.attempts[mine].post, state.attempts[mine].post_age
    return change(state, mine, Attempt(closed_as, post=post, post_age=post_age))


def confirm(state: State, mine: int, closed_as: str, *, keeps_rows: bool) -> State:
    """CONFIRM. A late answer links a seller that is free again, too."""
    if is_held(state, mine) or state.seller in ("a", "x"):
        state = state._replace(seller="k" if keeps_rows else "", holder=NOBODY, company=mine)
    return close(state, mine, closed_as) if state.attempts[mine].row == "s" else state


def release(state: State, mine: int, closed_as: str) -> State:
    """RELEASE and EXPIRE."""
    if state.attempts[mine].row not in OPEN:
        return state
    if is_held(state, mine):
        state = state._replace(seller="a", holder=NOBODY)
    return close(state, mine, closed_as)


def reject(state: State, mine: int) -> State:
    """REJECT."""
    if state.seller == "k" or (state.seller == "p" and state.holder != mine):
        return state
    return state._replace(seller="x", holder=NOBODY)


def is_bad(state: State) -> bool:
    """Two companies; or a seller linked to none, or to one that does not exist."""
    posts = [attempt.post in MADE for attempt in state.attempts]
    if sum(posts) > 1:
        return True
    if state.company == NOBODY:
        return state.seller == "k"
    return not posts[state.company]


def is_good(state: State) -> bool:
    """Linked; or free, and it is only this model that has no more tries."""
    return state.company != NOBODY or (state.seller in CLAIMABLE and not has_tries(state))
