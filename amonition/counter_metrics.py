"""operations.counters as Prometheus' counters: `webhooks_events:echo` is a family and its label."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import product

from prometheus_client.metrics_core import Metric

from amonition.metric_families import counter
from operations import counters
from webhooks.judging import Verdict
from webhooks.models import Door, Event

# Family -> its text and the labels that follow in a counter's name, each after a colon.
FAMILIES: dict[str, tuple[str, tuple[str, ...]]] = {
    "creates_unknown": ("POSTs after which nobody knew whether companies were created", ()),
    "companies_adopted": ("Companies found in amoCRM and taken over", ("how",)),
    "sellers_freed": ("Sellers of lost answers who turned out to have no company", ()),
    "sellers_claimed_in_vain": ("Sellers whose POST was never sent, given back by time", ()),
    "runs_adopted": ("Runs that nobody carried on, set going by the watchdog", ()),
    "rung_again": ("Tasks rung by the watchdog, since the first bell was not heard", ("task",)),
    "webhooks_requests": ("Requests of amoCRM that were read", ("outcome",)),
    "webhooks_events": ("Events in the requests that were read", ("verdict",)),
    "webhooks_handled": ("Events that were handled", ("door", "state")),
    "webhooks_items_without_id": ("Things in requests that are no events", ()),
    "webhooks_wrong_secret": ("Requests with a wrong secret, answered 404", ()),
    "webhooks_too_large": ("Requests that are too large, answered 413", ()),
    "webhooks_repeated": ("Requests whose like was waiting already", ()),
    "status_events": ("Events about organizations' publication, received", ("outcome",)),
    "status_dead_letters": ("Messages of the Directory's topic that are no events", ()),
}
ENDS = tuple(state.value for state in Event.State if state not in Event.UNFINISHED)
# What has not happened yet is a nought: the first time has to be an increase.
FORESEEN = (
    *(f"companies_adopted:{how}" for how in ("read_back", "operator", "webhook")),
    *(f"rung_again:{task}" for task in ("sync.carry_out", "sync.pump")),
    "status_events:new",
    "status_events:repeated",
    "webhooks_requests:read",
    "webhooks_requests:invalid",
    *(f"webhooks_events:{verdict.name.lower()}" for verdict in Verdict),
    *(f"webhooks_handled:{door.value}:{end}" for door, end in product(Door, ENDS)),
    *(name for name, (_, labels) in FAMILIES.items() if not labels),
)


def measure() -> Iterator[Metric]:
    """Every counter; one that is not foreseen here has one label at most. Raises django.db.Error."""
    totals = dict.fromkeys(FORESEEN, 0) | counters.totals()
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for name, total in sorted(totals.items()):
        family, _, rest = name.partition(":")
        found[family][rest] = total
    for family, samples in found.items():
        text, labels = FAMILIES.get(family, ("", ("kind",) if any(samples) else ()))
        last = len(labels) - 1
        rows = [(rest.split(":", last) if labels else [], n) for rest, n in samples.items()]
        yield counter(family, text or family.replace("_", " ").capitalize(), labels, rows)
