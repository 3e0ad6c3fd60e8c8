"""Fault worlds: the whole service under seeded schedules of faults, judged by what amoCRM has seen.

    python -m tests.faults --seeds 120 --jobs 2      # resumes what was interrupted
    python -m tests.faults --seed 17                 # one of them again

A *slot* (`slot.py`) is a process with a PostgreSQL, a Valkey and the emulators; it lives through many
worlds, one after the other. A *world* (`world.py`) is one seed: a fresh database, an emptied Redis,
an empty account, real workers, web and beat under the supervisor that production uses, three pushes
(the first load, changed figures, everything once more) with managers at work meanwhile, and a last
push with nothing in its way. What is to go wrong is drawn by `schedule.py`, which is pure: the same
seed is the same plan. `inflict.py` carries it out, one small function for each kind of fault; a
fault counts only where it has hit: the failpoint was reached, the emulator distorted an answer, the
process was alive when it was killed.

`judge.py` is pure too and looks at the emulators' books and at the source (`source.py`), never at our
tables, except where the question is about them: what is rejected, and what is still unsettled.

The clocks (`clocks.py`) are production's, shortened together by CLOCK_SCALE, in their order.
"""
