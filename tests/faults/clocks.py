"""The clocks of a fault world: those of production, shortened together, in the same order.

What the emulated amoCRM is allowed to be late by stands here too: the settle time has to hold it.
"""

from collections.abc import Mapping

SCALE = 0.06  # of whatever has no variable: a task's limit is 6.6 s, a pump's slice 2.7 s
GAP = 0.5
DEADLINE = 1.2
LATEST_COMMIT = 2.0  # after the request; D1 of docs/reliability.md
LONGEST_LAG = 1.0  # until lists show what was written; D2
SETTLE = 8.0  # holds the four above, and three seconds in which a busy machine does nothing
LEASE = 120 * SCALE
FREEZE_MOST = 1.0  # seconds that a process may stand still while it sends: within LATEST_COMMIT
BEATS = {30: 2, 10: 1, 5: 1, 600: 10}  # seconds of the schedule -> here

VARIABLES: Mapping[str, str] = {
    "CLOCK_SCALE": str(SCALE),
    "CREATE_SEND_GAP": str(GAP),
    "CREATE_SETTLE_TIME": str(SETTLE),
    "CREATE_PREPARED_LEASE": str(LEASE),
    "AMOCRM_CALL_DEADLINE": str(DEADLINE),
    "SYNC_LEASE": str(LEASE),
    "SYNC_PORTION_RECHECK": "1",
    "WEBHOOK_ECHO_WAIT": "1",
    "WEBHOOK_EVENT_LEASE": str(LEASE),
    "WEBHOOK_SETTLE_TIME": "2",
    "WEBHOOK_REFRESH_GAP": "1",
}
