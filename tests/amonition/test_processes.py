import pytest

from amonition import processes

QUEUES = ["bulk", "interactive", "maintenance", "organizations"]


@pytest.mark.parametrize("worker_per_queue", [True, False])
def test_every_queue_is_consumed_once(worker_per_queue: bool) -> None:
    workers, _, _ = processes.stages(port=8000, pumps=2, worker_per_queue=worker_per_queue)
    consumed = [worker.command[list(worker.command).index("-Q") + 1] for worker in workers]
    assert sorted(",".join(consumed).split(",")) == QUEUES
    assert len(workers) == (4 if worker_per_queue else 3)


def test_nothing_new_is_begun_while_the_service_ends() -> None:
    stages = processes.stages(port=8000, pumps=2)
    assert [child.name for stage in reversed(stages) for child in stage][:2] == ["beat", "web"]


def test_the_directorys_events_are_consumed_by_one_process() -> None:
    names = [child.name for stage in processes.stages(port=8000, pumps=2) for child in stage]
    assert names.count("status-changes") == 1


def test_there_are_as_many_bulk_processes_as_pumps() -> None:
    workers, _, _ = processes.stages(port=8000, pumps=5)
    (bulk,) = [worker.command for worker in workers if worker.name == "worker-bulk"]
    assert bulk[bulk.index("-c") + 1] == "5"
