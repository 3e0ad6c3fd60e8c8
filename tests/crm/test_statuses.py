"""Stages by name and by ids."""

import pytest

from clients.amocrm.leads import Pipeline, Status
from crm import statuses

SALES = Pipeline(1, "Продажи", False, (Status(1, 10, "Новая"), Status(1, 142, "Успешно")))
SUPPORT = Pipeline(2, "Поддержка", False, (Status(2, 20, "Готов"), Status(2, 142, "Успешно")))
OLD = Pipeline(3, "Архив", True, (Status(3, 30, "Готов"),))
PIPELINES = (SALES, SUPPORT, OLD)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("Готов", [(2, 20)]),
        (" готов ", [(2, 20)]),
        ("Успешно", [(1, 142), (2, 142)]),
        ("1:142", [(1, 142)]),
        ("2:10", []),
        ("3:30", []),
        ("Гото", []),
        ("", []),
    ],
)
def test_stage_is_found_as_it_is_named(wanted: str, found: list[tuple[int, int]]) -> None:
    stages = statuses.find(PIPELINES, wanted)
    assert [(stage.pipeline_id, stage.status_id) for stage in stages] == found
