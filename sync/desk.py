"""The portions a pump has in hand: what they still wait for, and how they are to be closed. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from companies.exports import Outcome
from operations.models import Portion
from operations.portions import Claim, Closing, Tally
from sync.policy import Decision


@dataclass(slots=True)
class InHand:
    """One portion. `pending`: sellers whose write has not ended. `wait`: seconds, then look again."""

    claim: Claim
    tally: Tally
    pending: int = 0
    wait: float | None = None
    parked: bool = False
    unsettled: bool = False
    reasons: set[str] = field(default_factory=set)


class Desk:
    """All portions in hand. `recheck`: seconds until a portion with an unknown outcome is looked at."""

    def __init__(self, *, recheck: float) -> None:
        self._recheck = recheck
        self._portions: dict[int, InHand] = {}

    def __len__(self) -> int:
        return len(self._portions)

    @property
    def held(self) -> list[int]:
        """Ids of the portions whose lease has to be prolonged."""
        return list(self._portions)

    def take(self, claim: Claim) -> InHand:
        """A portion begins. What earlier holders created and updated stays counted."""
        kept = Tally(created=claim.tally.created, updated=claim.tally.updated)
        portion = InHand(claim, kept)
        self._portions[claim.portion_id] = portion
        return portion

    def settle(self, owners: dict[str, int], outcome: Outcome) -> None:
        """A write came back: count its sellers where they belong."""
        done = outcome.created | outcome.updated | outcome.rejected | outcome.gone
        for seller, portion_id in owners.items():
            portion = self._portions[portion_id]
            portion.pending -= 1
            portion.tally.created += seller in outcome.created
            portion.tally.updated += seller in outcome.updated
            portion.tally.rejected += seller in outcome.rejected
            portion.tally.postponed += seller in outcome.gone
            if seller not in done:
                self._unsettled(portion, "исход записи неизвестен")

    def fail(self, portion_ids: Iterable[int], decision: Decision | None, reason: str) -> None:
        """Something went wrong for these portions; one count per seller that was waiting."""
        for portion_id in portion_ids:
            portion = self._portions[portion_id]
            portion.pending -= 1
            self.set_back(portion, decision, reason)

    def set_back(self, portion: InHand, decision: Decision | None, reason: str) -> None:
        """The portion is tried again later, or parked where nobody foresaw the error."""
        if decision is None:
            portion.parked = True
            portion.reasons.add(reason)
        else:
            self._look_again(portion, decision.wait, reason)

    def wait_for(self, portion: InHand, seconds: float, reason: str) -> None:
        """Look at the portion again after so many seconds."""
        self._look_again(portion, seconds, reason)

    def wait_for_seller(self, portion: InHand) -> None:
        """Somebody is creating one of the portion's sellers, or has lost the answer."""
        self._unsettled(portion, "продавец ещё создаётся")

    def _unsettled(self, portion: InHand, reason: str) -> None:
        portion.unsettled = True
        self._look_again(portion, self._recheck, reason)

    def _look_again(self, portion: InHand, seconds: float, reason: str) -> None:
        portion.wait = max(seconds, portion.wait or 0.0)
        portion.reasons.add(reason)

    def closings(self) -> Sequence[Closing]:
        """Portions that wait for nothing any more leave the desk."""
        finished = [portion for portion in self._portions.values() if portion.pending <= 0]
        for portion in finished:
            del self._portions[portion.claim.portion_id]
        return [_closing(portion) for portion in finished]


def _closing(portion: InHand) -> Closing:
    tally = portion.tally
    settled = tally.created + tally.updated + tally.rejected + tally.postponed
    tally.unchanged = max(0, tally.queried - settled)
    state = Portion.State.DONE
    if portion.parked:
        state = Portion.State.PARKED
    elif portion.wait is not None:
        state = Portion.State.OPEN
    return Closing(
        portion_id=portion.claim.portion_id,
        state=state,
        tally=tally,
        reason="; ".join(sorted(portion.reasons))[:500],
        wait=portion.wait or 0.0,
        unsettled=portion.unsettled,
    )
