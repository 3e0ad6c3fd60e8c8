"""What the settings let happen to a webhook on its way, always the same for the same number."""

from dataclasses import dataclass

from emulators.amocrm.settings import AmocrmSettings
from emulators.chance import fraction
from emulators.settings import seconds_of


@dataclass(frozen=True, slots=True)
class Fate:
    """`held`: seconds until the first attempt."""

    lost: bool = False
    doubled: bool = False
    reordered: bool = False
    held: float = 0.0


_PLAIN = Fate()


def fate_of(number: int, settings: AmocrmSettings) -> Fate:
    """Nothing is drawn for what can not happen."""

    def drawn(what: str) -> float:
        return fraction(settings.hook_seed, what, number)

    def happens(what: str, share: float) -> bool:
        return share > 0 and drawn(what) < share

    if happens("lost", settings.hook_loss_share):
        return Fate(lost=True)
    reordered = happens("reordered", settings.hook_reorder_share)
    doubled = happens("doubled", settings.hook_duplicate_share)
    if not (reordered or doubled or settings.hook_delay_ms):
        return _PLAIN
    held = seconds_of(settings.hook_delay_ms, drawn("delay"))
    if reordered:
        held += seconds_of(settings.hook_reorder_ms, drawn("span"))
    return Fate(doubled=doubled, reordered=reordered, held=held)
