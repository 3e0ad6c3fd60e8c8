"""When an undelivered webhook is tried again (amocrm-contract.md 5.5 and 5.6)."""

from collections.abc import Callable

NO_ANSWER = 0  # the status of an attempt that nobody answered in time
_MINUTE = 60.0

Ladder = Callable[[int, int], float | None]  # attempts made, last status -> seconds, or give up


def ordinary(attempts: int, status: int) -> float | None:
    """Two retries, and two more after the answers of a broken server.

    Whether the delays count from the attempt before is not documented; here they do.
    """
    broken = status == 499 or 500 <= status <= 599
    delays = (5 * _MINUTE, 15 * _MINUTE, *((15 * _MINUTE, 60 * _MINUTE) if broken else ()))
    return delays[attempts - 1] if attempts <= len(delays) else None


def digital_pipeline(attempts: int, _status: int) -> float | None:
    """Documented is no more than four retries within an hour."""
    delays = (5 * _MINUTE, 15 * _MINUTE, 15 * _MINUTE, 20 * _MINUTE)
    return delays[attempts - 1] if attempts <= len(delays) else None
