"""The figures of the limiter, each with its unit and its reason."""

from dataclasses import asdict, dataclass

MICROSECONDS = 1_000_000
WINDOW_MOST = 50  # slots looked at as one window: no package of amoCRM allows more a second


def microseconds(seconds: float) -> int:
    """Whole ones: the script finds a slot by its moment, which must survive as text."""
    return round(seconds * MICROSECONDS)


@dataclass(frozen=True, slots=True)
class Tuning:
    """Spans are seconds, shares are parts of one. The defaults are measured for 7 requests/s.

    An even row at `share` bears `1 / share - 1` seconds of unevenness before one request too many
    arrives within a second. Late sending may use `tolerance` of them, the network has the rest.
    """

    share: float = 0.985  # of the allowed rate: leaves 15 ms for all unevenness together
    tolerance: float = 0.01  # how late a slot may be used; 5 ms stay for the network
    lead: float = 0.02  # no slot is nearer: time for the answer and for the sent-mark
    interactive_ahead: float = 2.0  # a person waits no longer; the caller tries again later
    background_gap: float = 1.0  # scans take at most one request a second
    background_starved: float = 60.0  # one scan request gets through even under endless bulk
    backoff_first: float = 5.0  # after a 429 that tells no time; doubles with each further one
    backoff_most: float = 60.0
    backoff_jitter: float = 0.2  # up to so much longer, lest we meet others at the same moment
    freeze_least: float = 1.0  # one window of the service has passed
    freeze_most: float = 900.0  # Kommo tells 300 s; beyond 15 minutes a number is a mistake
    restart_speed: float = 0.5  # of the target, after a freeze
    ramp_step: float = 0.05  # of the target, more after each clean `ramp_every`
    ramp_every: float = 60.0
    strike_window: float = 600.0  # 429s further apart than this have nothing to do with each other
    strikes_to_lower: int = 3  # so many in one window: the target itself is too high
    ceiling_step: float = 0.02
    ceiling_least: float = 0.8  # lower than this it is not the rate that the service dislikes
    ceiling_kept: float = 86_400.0  # then the full target is tried again

    def for_script(self, rate: float) -> dict[str, float]:
        """The same in the script's microseconds, with the target's interval and window."""
        plain = {"restart_speed", "ramp_step", "strikes_to_lower", "ceiling_step", "ceiling_least"}
        figures = {
            name: value if name in plain else microseconds(value)
            for name, value in asdict(self).items()
        }
        target = {
            "interval": MICROSECONDS / (rate * self.share),
            "window": min(max(1, int(rate)), WINDOW_MOST),
        }
        return figures | target
