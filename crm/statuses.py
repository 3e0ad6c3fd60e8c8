"""Stages of leads, found as an operator names them. Pure."""

import re
from collections.abc import Sequence

from clients.amocrm.leads import Pipeline, Status

BY_IDS = re.compile(r"(?P<pipeline>\d+):(?P<status>\d+)")


def find(pipelines: Sequence[Pipeline], wanted: str) -> tuple[Status, ...]:
    """The stages that `wanted` means, in pipelines that are in use.

    Either `pipeline_id:status_id`, or a name in whatever pipelines have it; case and outer spaces
    do not count.
    """
    stages = [
        status for pipeline in pipelines if not pipeline.is_archive for status in pipeline.statuses
    ]
    if ids := BY_IDS.fullmatch(wanted.strip()):
        pair = (int(ids["pipeline"]), int(ids["status"]))
        return tuple(stage for stage in stages if (stage.pipeline_id, stage.status_id) == pair)
    name = _plain(wanted)
    return tuple(stage for stage in stages if _plain(stage.name) == name)


def _plain(name: str) -> str:
    return " ".join(name.split()).casefold()
