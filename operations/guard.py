"""The guard: looks at a plan's counts and says whether people should look first. Pure."""

from dataclasses import dataclass

SMALLEST_SHARE = 0.5  # of the previous run's rows; less is a broken snapshot, not a bad hour


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reason` is for operators; empty where the run may go on."""

    held: bool
    reason: str = ""


PASSED = Verdict(held=False)


def judge(*, rows: int, previous: int | None, ceiling: int | None, approved: bool) -> Verdict:
    """Judge a snapshot of `rows` against the `previous` run's (None: there was none to compare with).

    An approval lets anything pass up to its `ceiling`; None there means without one.
    """
    if approved:
        if ceiling is not None and rows > ceiling:
            return Verdict(True, f"В снепшоте {rows} продавцов, а разрешено не больше {ceiling}")
        return PASSED
    if rows == 0:
        return Verdict(True, "Снепшот пуст")
    if previous is not None and rows < previous * SMALLEST_SHARE:
        return Verdict(True, f"В снепшоте {rows} продавцов, в прошлый раз было {previous}")
    return PASSED
