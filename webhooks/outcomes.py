"""How handling an event can end, beside the errors of the services that were asked. Pure."""

from dataclasses import dataclass

from webhooks.models import Event


@dataclass(frozen=True, slots=True)
class Outcome:
    """`reason`: what happened, for the admin. `note`: for the manager on the card; None: no note.

    `subject`: what it was about, the address of a feed or a profile.
    """

    state: Event.State
    reason: str
    note: str | None = None
    subject: str = ""


class PostponedError(Exception):
    """Not now, and nobody's fault: again in `pause` seconds, which costs no attempt."""

    def __init__(self, reason: str, *, pause: float) -> None:
        super().__init__(reason)
        self.pause = pause


def done(reason: str, *, note: str | None = None, subject: str = "") -> Outcome:
    """Carried out, or there was nothing to carry out."""
    return Outcome(Event.State.DONE, reason, note, subject)


def refused(reason: str, *, note: str | None = None, subject: str = "") -> Outcome:
    """Somebody has to change something first; the note says what."""
    return Outcome(Event.State.REFUSED, reason, note, subject)
