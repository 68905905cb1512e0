"""The whole saga in one pod, started by a CronJob: `sternway run` with an account that has only its rights."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from sternway_steps.config import Config
from sternway_steps.exits import Exit
from sternway_steps.saga.plan import Plan
from sternway_steps.step import Action, Rule
from sternway_steps.yamltree.document import Node

from ..output import numbered
from .build_pod import BUILD, pod_parts
from .checks import checked_plan
from .config_maps import config_maps, files
from .images import RUN, image_of
from .one_pod import filled, one_pod
from .pod import SPARE
from .rbac import rbac
from .served import NOT_ASKED, Served
from .sweeper import sweepers

_TRIES = 6
_WAITS = 630
"""Seconds: the next pod of a Job is made after 10, 20, 40, … 320 of them (Kubernetes, "Pod backoff failure policy")."""
_ENDED = sorted(int(code) for code in Exit if code not in (Exit.DONE, Exit.TRANSIENT, Exit.INTERRUPTED))
_AGAIN = [
    # A drained node, a preemption: the undo has had its time, and the next pod is somewhere else.
    {"action": "Count", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
    # An end that is a run's own. All others are tried again: a run of the target that was at work, and what was killed.
    {"action": "FailJob", "onExitCodes": {"containerName": "run", "operator": "In", "values": _ENDED}},
]
# `sternway run` tells on its Job how it ended.
_TELLS = (Rule("", ("events",), ("create",)),)


def cronjob(config: Config, document: Node, served: Served = NOT_ASKED) -> dict[str, dict[str, Any]]:
    """Return the objects by file name, in the order in which they are applied.

    `served` is what a cluster told of kinds that are not Kubernetes' own (`kubernetes.served.ask`).

    Raises: ConfigErrors for what Kubernetes would not accept, or not run as it is meant.
    """
    plan = checked_plan(config, document, "CronJob")
    labels = {"app.kubernetes.io/name": config.name, "app.kubernetes.io/managed-by": "sternway", **config.argo.labels}
    account = config.argo.service_account or f"sternway-{config.name}"
    rights = (
        [] if config.argo.service_account else rbac(config, plan, config.namespace, account, own=_TELLS, served=served)
    )
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
        "backoffLimit": _TRIES,
        "podFailurePolicy": {"rules": _AGAIN},
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
    runs when the run has ended has time of its own. All that may come twice, for what is killed is begun once more;
    and what meets another run is tried again for ten minutes.
    """
    if config.deadline is None:
        return None
    times = (config.deadline, config.argo.rollback_deadline, plan.seconds_at_end)
    return 2 * sum(map(math.ceil, times)) + _WAITS + SPARE


def _pod(config: Config, plan: Plan, account: str, maps: Sequence[str]) -> dict[str, Any]:
    # A builder's client is in the build step's image alone; Sternway is in all of them.
    builds = any(step.spec.name == BUILD for step in plan.steps)
    image = image_of(config, BUILD if builds and RUN not in config.argo.images else RUN)
    # The run is named as its Job; by the Job's UID its next pod knows what this one left.
    env = [_of_the_job("STERNWAY_RUN", "job-name"), _of_the_job("STERNWAY_JOB_UID", "controller-uid")]
    more = pod_parts(config, plan.steps, list(Action))
    return one_pod(config, account, maps, more, image, ["run", "--unattended"], env)


def _of_the_job(variable: str, label: str) -> dict[str, Any]:
    return {
        "name": variable,
        "valueFrom": {"fieldRef": {"fieldPath": f"metadata.labels['batch.kubernetes.io/{label}']"}},
    }
