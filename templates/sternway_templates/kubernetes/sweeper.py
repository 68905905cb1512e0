"""The sweeper: a CronJob of each minute that brings to its end what died without an exit handler.

A CronJob and no CronWorkflow: it works while Argo does not. A step's process starts it at once when its Workflow is
being terminated (see sternway_steps.saga.sweep_at_once); for that alone it is there suspended.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from sternway_steps.config import Config
from sternway_steps.saga.plan import Plan
from sternway_steps.saga.sweep_at_once import ON_TERMINATE, sweeper_name
from sternway_steps.step import Action

from .build_pod import pod_parts
from .image_checks import sweeper_image
from .one_pod import filled, one_pod
from .pod import SPARE

_KEPT = 3600
"""Seconds for which an ended Job, and its log, is kept."""


def sweepers(
    config: Config, plan: Plan, labels: Mapping[str, str], account: str, maps: Sequence[str], *, on_argo: bool = False
) -> list[dict[str, Any]]:
    """Return the CronJob, or nothing where the configuration wants none; only on Argo is it started at once."""
    at_once = on_argo and config.argo.undo_on_terminate
    if not config.argo.sweep and not at_once:
        return []
    notes = {ON_TERMINATE: "true"} if at_once else {}
    metadata = {"name": sweeper_name(config.name), "namespace": config.namespace, "labels": dict(labels)}
    forward = config.on_interrupt == "resume"
    parts = pod_parts(config, plan.steps, list(Action) if forward else [Action.ROLLBACK])
    pod = one_pod(config, account, maps, parts, sweeper_image(config, plan), ["sweep"])
    # Not the labels of the rest: the Service of what is deployed would select a pod that has its name's.
    marks = {"labels": dict(config.argo.pod_labels), "annotations": dict(config.argo.pod_annotations)}
    template = filled({"metadata": filled(marks)})
    undo = math.ceil(config.argo.rollback_deadline + plan.seconds_at_end)
    run = math.ceil(config.deadline or 0) if forward else 0
    job = {
        "backoffLimit": 0,  # the next minute tries again
        "activeDeadlineSeconds": undo + run + SPARE,
        "ttlSecondsAfterFinished": _KEPT,
        "template": {**template, "spec": pod},
    }
    spec = {
        "schedule": "* * * * *",
        "concurrencyPolicy": "Forbid",
        "startingDeadlineSeconds": 60,
        "successfulJobsHistoryLimit": 1,
        "failedJobsHistoryLimit": 1,
        "suspend": None if config.argo.sweep else True,
        "jobTemplate": {"metadata": {"labels": dict(labels)}, "spec": job},
    }
    return [
        {
            "apiVersion": "batch/v1",
            "kind": "CronJob",
            "metadata": filled({**metadata, "annotations": {**config.argo.annotations, **notes}}),
            "spec": filled(spec),
        }
    ]
