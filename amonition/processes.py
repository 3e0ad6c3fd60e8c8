"""The processes that make up the service on one machine, as children of a supervisor."""

import signal
import sys
from collections.abc import Sequence

from amonition.supervising import Child

WEB_PROCESSES = 2  # 500 hooks a second are more than one interpreter can take
WEB_THREADS = 8  # a hook waits for the disk, and those that wait together share one fsync
WEB_END_SECONDS = 10  # an answer that takes longer is given up when the service ends
INTERACTIVE_PROCESSES = 2
MAINTENANCE_PROCESSES = 2  # while one takes a snapshot, the other keeps the watchdog's time
# Warm: what runs is finished. Then Celery's soft shutdown, 20 s, gives back what does not end.
WORKER_SIGNALS = ((signal.SIGTERM, 8.0), (signal.SIGQUIT, 22.0), (signal.SIGKILL, 5.0))
# What these three are for is done by leases and rows in PostgreSQL.
WORKER_OPTIONS = ("-O", "fair", "-P", "prefork", "--without-gossip", "--without-mingle",
                  "--without-heartbeat", "--loglevel", "INFO")  # fmt: skip


def stages(*, port: int, pumps: int, worker_per_queue: bool = False) -> Sequence[Sequence[Child]]:
    """In the order of starting; ended in the reverse order, so that nothing is begun at the end.

    Maintenance and organizations share a worker, which saves some 100 MB; `worker_per_queue` parts
    them.
    """
    workers = [
        worker("interactive", queues="interactive", processes=INTERACTIVE_PROCESSES),
        worker("bulk", queues="bulk", processes=pumps),
    ]
    if worker_per_queue:
        workers += [
            worker(queue, queues=queue, processes=MAINTENANCE_PROCESSES)
            for queue in ("maintenance", "organizations")
        ]
    else:
        queues = "maintenance,organizations"
        workers.append(worker("maintenance", queues=queues, processes=MAINTENANCE_PROCESSES))
    return [workers, [web(port), status_changes()], [beat()]]


def worker(name: str, *, queues: str, processes: int) -> Child:
    node = ("-n", f"{name}@%h", "-Q", queues, "-c", str(processes))
    command = (*_celery("worker"), *WORKER_OPTIONS, *node)
    return Child(f"worker-{name}", command, stop_signals=WORKER_SIGNALS)


def web(port: int) -> Child:
    command = (
        *(sys.executable, "-m", "gunicorn", "amonition.wsgi:application"),
        *(
            "--bind",
            f"127.0.0.1:{port}",
            "--workers",
            str(WEB_PROCESSES),
            "--threads",
            str(WEB_THREADS),
        ),
        *("--graceful-timeout", str(WEB_END_SECONDS), "--no-control-socket"),
    )
    stop_signals = ((signal.SIGTERM, WEB_END_SECONDS + 2.0), (signal.SIGKILL, 5.0))
    return Child("web", command, stop_signals=stop_signals)


def status_changes() -> Child:
    """The Directory's events. SIGTERM lets it finish its transactions; a killed one loses nothing."""
    return Child("status-changes", (sys.executable, "manage.py", "consume_status_changes"))


def beat() -> Child:
    return Child("beat", (*_celery("beat"), "--loglevel", "INFO"))


def _celery(command: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "celery", "--app", "amonition", "--quiet", command)
