"""The whole saga in one pod, started by a CronJob: `sternway run` with an account that has only its rights."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from sternway_steps.config import Config
from sternway_steps.saga.plan import Plan
from sternway_steps.step import Action
from sternway_steps.yamltree.document import Node

from ..output import numbered
from .build_pod import BUILD, pod_parts
from .checks import checked_plan
from .config_maps import config_maps, files
from .images import RUN, image_of
from .one_pod import filled, one_pod
from .pod import SPARE
from .rbac import rbac
from .sweeper import sweepers


def cronjob(config: Config, document: Node) -> dict[str, dict[str, Any]]:
    """Return the objects by file name, in the order in which they are applied.

    Raises: ConfigErrors for what Kubernetes would not accept, or not run as it is meant.
    """
    plan = checked_plan(config, document, "CronJob")
    labels = {"app.kubernetes.io/name": config.name, "app.kubernetes.io/managed-by": "sternway", **config.argo.labels}
    account = config.argo.service_account or f"sternway-{config.name}"
    rights = [] if config.argo.service_account else rbac(config, plan, config.namespace, account, own=())
    maps = config_maps(f"sternway-{config.name}", config.namespace, labels, files(config, document))
    names = [each["metadata"]["name"] for each in maps]
    metadata = filled({"name": config.name, "namespace": config.namespace, "labels": labels,
                        "annotations": dict(config.argo.annotations)})  # fmt: skip
    spec = _spec(config, plan, labels, _pod(config, plan, account, names))
    main = {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": metadata, "spec": spec}
    return numbered([*rights, *maps, *sweepers(config, plan, labels, account, names), main])


def _spec(config: Config, plan: Plan, labels: Mapping[str, str], pod: Mapping[str, Any]) -> dict[str, Any]:
    schedule = config.schedule
    assert schedule is not None  # noqa: S101  checked_plan() saw to it
    # Not the labels of the rest: the Service of what is deployed would select a pod that has its name's.
    marks = {"labels": dict(config.argo.pod_labels), "annotations": dict(config.argo.pod_annotations)}
    template = filled({"metadata": filled(marks)})
    job = {
        # A pod that failed has undone its run; the next one is for the next night. What was killed is undone then.
        "backoffLimit": 0,
        "activeDeadlineSeconds": _deadline(config, plan),
        "template": {**template, "spec": pod},
    }
    return filled(
        {
            "schedule": schedule.cron[0],
            "timeZone": schedule.timezone,
            # Replace would kill a saga at work.
            "concurrencyPolicy": "Forbid",
            "startingDeadlineSeconds": int(schedule.starting_deadline),
            "successfulJobsHistoryLimit": schedule.succeeded_history,
            "failedJobsHistoryLimit": schedule.failed_history,
            "suspend": schedule.suspend or None,
            "jobTemplate": {"metadata": {"labels": dict(labels)}, "spec": filled(job)},
        }
    )


def _deadline(config: Config, plan: Plan) -> int | None:
    """Return the seconds after which Kubernetes stops the Job; None when the run has no deadline.

    The way forward stops itself at `deadline`. Before it a run that was killed may have to be undone, which is given
    `rollbackDeadline`. Then SIGTERM comes, which stops no undo: the grace period gives it `rollbackDeadline` more. What
    runs when the run has ended has time of its own.
    """
    if config.deadline is None:
        return None
    times = (config.deadline, config.argo.rollback_deadline, plan.seconds_at_end)
    return sum(map(math.ceil, times)) + SPARE


def _pod(config: Config, plan: Plan, account: str, maps: Sequence[str]) -> dict[str, Any]:
    # A builder's client is in the build step's image alone; Sternway is in all of them.
    builds = any(step.spec.name == BUILD for step in plan.steps)
    image = image_of(config, BUILD if builds and RUN not in config.argo.images else RUN)
    # The run is named as its Job: should a Job start a second pod, that one is refused.
    job_name = {"fieldRef": {"fieldPath": "metadata.labels['batch.kubernetes.io/job-name']"}}
    env = [{"name": "STERNWAY_RUN", "valueFrom": job_name}]
    more = pod_parts(config, plan.steps, list(Action))
    return one_pod(config, account, maps, more, image, ["run", "--unattended"], env)
