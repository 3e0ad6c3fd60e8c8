"""What PostgreSQL knows, at a price that does not grow with the number of sellers.

Of the sellers only those that are not linked are counted, through the partial index that holds
just them; how many are linked is PostgreSQL's own estimate.
"""

from collections.abc import Iterator

from django.db import connection, transaction
from django.db.models import Count
from django.utils import timezone
from prometheus_client.metrics_core import Metric

from amonition import counter_metrics, webhook_metrics
from amonition.metric_families import gauge
from companies.models import Company, CompanyDuplicate, Rejection, SellerSync
from operations import selectors
from operations.models import COUNTS, Alert, Portion, Run, Switch

STATEMENT_SECONDS = 5  # a scrape gives up long before Prometheus does (10 s by default)
CODES_SHOWN = 20  # kinds of rejection; each one is a time series for ever

# Ages come from the clock that wrote the rows.
OPEN_ATTEMPTS = """
SELECT count(*) FILTER (WHERE state = 'p'), count(*) FILTER (WHERE state = 's'),
       coalesce(extract(epoch FROM clock_timestamp()
                        - min(sent_at) FILTER (WHERE state = 's')), 0)::float8
FROM create_attempt WHERE state IN ('p', 's')
"""
ESTIMATE = "SELECT reltuples FROM pg_class WHERE oid = %s::regclass"


def measure() -> Iterator[Metric]:
    """Everything; not a snapshot of one moment. Raises django.db.Error."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = '{STATEMENT_SECONDS}s'")
        yield from _runs()
        yield from _sellers()
        yield from _attempts()
        yield from _operators()
        yield from webhook_metrics.measure()
        yield from counter_metrics.measure()


def _runs() -> Iterator[Metric]:
    by_state = Run.objects.values_list("kind", "state").annotate(n=Count("pk")).order_by()
    rows = [([kind, state], n) for kind, state, n in by_state]
    yield gauge("runs", "Runs ever started", ["kind", "state"], rows)
    newest = Run.objects.exclude(state=Run.State.SKIPPED).order_by("kind", "-pk").distinct("kind")
    active = gauge("run_active", "Whether the newest run is at work", ["kind"])
    silence = gauge("run_silence_seconds", "Since the active run last moved", ["kind"])
    items = gauge("run_items", "The newest run's sellers so far", ["kind", "outcome"])
    portions = gauge("run_portions", "The newest run's portions", ["kind", "state"])
    done = gauge("run_done_age_seconds", "Since a whole run was last carried out", ["kind"])
    now = timezone.now()
    for run in newest:
        active.add_metric([run.kind], run.state in Run.ACTIVE)
        if run.state in Run.ACTIVE:
            silence.add_metric([run.kind], (now - run.heartbeat_at).total_seconds())
        counts = selectors.progress(run=run)
        for outcome in COUNTS:
            items.add_metric([run.kind, outcome], counts[outcome])
        found = dict(run.portions.values_list("state").annotate(n=Count("pk")).order_by())
        for state in Portion.State:
            portions.add_metric([run.kind, state.value], found.get(state.value, 0))
        last = selectors.last_done(kind=run.kind)
        if last is not None:
            done.add_metric([run.kind], (now - last).total_seconds())
    yield from (active, silence, items, portions, done)


def _sellers() -> Iterator[Metric]:
    linked = SellerSync.State.LINKED
    found = SellerSync.objects.exclude(state=linked).values_list("state")
    by_state = dict(found.annotate(n=Count("state")).order_by())
    rows = [
        ([state.name.lower()], by_state.get(state.value, 0))
        for state in SellerSync.State
        if state != linked
    ]
    yield gauge("sellers", "Sellers that are not linked to a company", ["state"], rows)
    with connection.cursor() as cursor:
        cursor.execute(ESTIMATE, [Company._meta.db_table])
        (estimate,) = cursor.fetchone()
    if estimate >= 0:  # below that, PostgreSQL has not looked at the table yet
        yield gauge("companies", "Linked sellers, by PostgreSQL's estimate", rows=[([], estimate)])
    codes = Rejection.objects.values_list("code").annotate(n=Count("pk")).order_by("-n", "code")
    rejections = [([code], n) for code, n in codes[:CODES_SHOWN]]
    yield gauge("rejections", "Rejected sellers, the most frequent codes", ["code"], rejections)
    duplicates = CompanyDuplicate.objects.filter(resolved_at=None).count()
    text = "Surplus companies that people have not merged yet"
    yield gauge("company_duplicates", text, rows=[([], duplicates)])


def _attempts() -> Iterator[Metric]:
    with connection.cursor() as cursor:
        cursor.execute(OPEN_ATTEMPTS)
        prepared, sent, oldest = cursor.fetchone()
    rows = [(["prepared"], prepared), (["sent"], sent)]
    yield gauge("create_attempts", "POSTs whose outcome is open", ["state"], rows)
    text = "Age of the oldest POST whose outcome is unknown"
    yield gauge("create_attempt_oldest_seconds", text, rows=[([], oldest)])


def _operators() -> Iterator[Metric]:
    kinds = set(Alert.objects.filter(recovered_at=None).values_list("kind", flat=True))
    alerts = [([kind.value], kind.value in kinds) for kind in Alert.Kind]
    yield gauge("alert_open", "Whether the alert is open", ["kind"], alerts)
    turned = set(Switch.objects.filter(on=True).values_list("key", flat=True))
    switches = [([key.value], key.value in turned) for key in Switch.Key]
    yield gauge("switch_on", "Whether the switch is on", ["switch"], switches)
