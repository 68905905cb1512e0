"""The sweep that a step's process starts when its Workflow is being terminated, or is gone.

Argo runs no exit handler then, so nobody else comes to undo the run at once. What the sweep's pod is stands in the
CronJob that `sternway template` generates: the Job is what `kubectl create job --from=cronjob/…` makes of it.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from ..kube.api_error import ApiError
from ..objects.ref import Ref
from .workflow import state_in

if TYPE_CHECKING:
    from ..kube.client import Client

ON_TERMINATE = "sternway.dev/undo-on-terminate"
"""The annotation of the CronJob that lets a step's process start it."""
_LONGEST = 52
"""Kubernetes makes the name of a CronJob's Job from this and a time stamp."""
_TRIES = 3


def sweeper_name(config: str) -> str:
    """Return the name of the CronJob that sweeps for a configuration of that name."""
    name = f"sternway-sweep-{config}"
    digest = hashlib.sha256(config.encode()).hexdigest()[:8]
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 9].rstrip('-')}-{digest}"


def sweep_at_once(client: Client, config: str, workflow: str, run: str) -> str:
    """Start a Job that sweeps, if nothing more comes of the Workflow; return its name, "" when none is started.

    All of this is in the namespace of the pod. Several processes of one run start one Job.

    Raises: ApiError, UnknownKind.
    """
    namespace = client.namespace
    if not state_in(client, namespace, workflow, run).over:
        return ""
    cron = client.get(Ref("batch/v1", "CronJob", namespace, sweeper_name(config)))
    if cron is None or (cron["metadata"].get("annotations") or {}).get(ON_TERMINATE) != "true":
        return ""
    job = _job(cron, f"sternway-undo-{run}"[:63].rstrip("-"))
    _create(client, job)
    return str(job["metadata"]["name"])


def _job(cron: dict[str, Any], name: str) -> dict[str, Any]:
    template = cron["spec"]["jobTemplate"]
    marks = {key: template.get("metadata", {}).get(key) or {} for key in ("labels", "annotations")}
    metadata = {"name": name, "namespace": cron["metadata"]["namespace"], **marks}
    spec = {**template["spec"], "backoffLimit": _TRIES}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec}


def _create(client: Client, job: dict[str, Any]) -> None:
    try:
        client.create(job, manager="sternway", safe=True)
    except ApiError as error:
        if not error.conflict:  # it is there: another step's process was told to stop, too
            raise
