"""Argo Workflows: is it there, can it run a pipeline, which settings cost time or an undo?"""

from __future__ import annotations

from collections.abc import Iterator

from ..argo.settings import REQUEUE, Controller, find_controller
from ..argo.version import API, Version, find_version, known_faults, too_old
from ..config import Config
from ..config.argo import ArgoConfig
from ..errors import ClusterError
from ..kube.client import Client
from ..kube.discovery import UnknownKind
from ..objects.ref import Ref
from ..saga.sweep_at_once import sweeper_name
from ..yamltree.scalars import seconds_in
from .account import runs_in_the_cluster
from .argo_defaults import argo_defaults
from .finding import Finding, good, warning, wrong

_INSTANCE = "workflows.argoproj.io/controller-instanceid"
_SLOW = 2.0
"""Seconds until the controller looks again, from which on a pipeline is notably slower."""


def argo(client: Client, config: Config | None) -> Iterator[Finding]:
    """Look at the definitions, the version, the controller and the sweeper."""
    wanted = config is not None and runs_in_the_cluster(config)
    try:
        client.resource(API, "Workflow")
    except UnknownKind:
        if wanted:
            remedy = "install it: https://argo-workflows.readthedocs.io/en/latest/quick-start/"
            yield wrong("argo", "Argo Workflows is not installed", "`sternway submit` has nothing to submit to", remedy)
        else:
            yield good("argo", "Argo Workflows is not installed, and no run from here needs it")
        return
    namespace = (config.namespace if config else None) or client.namespace
    version = find_version(client, namespace)
    yield from _version(version, scheduled=config is None or config.schedule is not None)
    controller = find_controller(client, namespace)
    if controller is None:
        yield warning(
            "argo",
            "no Deployment of Argo's controller can be seen",
            f"its settings can't be told, such as {REQUEUE}, which adds up to 10 s to each pod by default",
            "look with rights to list Deployments where it runs, or ask who runs it",
        )
    else:
        yield from _running(controller, namespace, config)
        yield from _settings(controller)
        yield from argo_defaults(controller)
    if config is not None and wanted:
        yield from _step_images(config)
        yield from _sweeper(client, config, namespace)


def _version(version: Version | None, *, scheduled: bool) -> Iterator[Finding]:
    if version is None:
        why = "whether it can run a pipeline is not known"
        yield warning("argo", "the version of Argo Workflows can't be told", why, "argo version")
    elif too_early := too_old(version):
        yield wrong("argo", f"Argo Workflows {version} is too old: {too_early}", "no pipeline runs on it", "upgrade it")
    elif faults := known_faults(version, scheduled=scheduled):
        for fault in faults:
            yield warning("argo", f"Argo Workflows {version} is old", fault, "upgrade it to 4.1.2 or later")
    else:
        yield good("argo", f"Argo Workflows {version}")


def _running(controller: Controller, namespace: str, config: Config | None) -> Iterator[Finding]:
    where = f"deployment/{controller.name} in namespace {controller.namespace}"
    if not controller.ready:
        why = "no Workflow goes on, and no exit handler undoes anything"
        remedy = f"kubectl -n {controller.namespace} describe deployment {controller.name}"
        yield wrong("argo", f"the controller is not ready: {where}", why, remedy)
    if controller.watches not in ("", namespace):
        why = f"no Workflow in namespace {namespace} starts"
        remedy = f"have it watch {namespace} (--managed-namespace), or submit to {controller.watches}"
        yield wrong("argo", f"the controller watches namespace {controller.watches} alone: {where}", why, remedy)
    instance = str((controller.config or {}).get("instanceID") or "")
    labels = config.argo.labels if config is not None else {}
    if instance and labels.get(_INSTANCE) != instance:
        why = "no Workflow starts that does not bear its label"
        remedy = f"argo: {{labels: {{{_INSTANCE}: {instance}}}}}"
        yield wrong("argo", f"the controller has the instanceID {instance}", why, remedy)


def _settings(controller: Controller) -> Iterator[Finding]:
    seconds = seconds_in(controller.requeue)
    deployment = f"kubectl -n {controller.namespace} set env deployment/{controller.name} {REQUEUE}=1s"
    if seconds is None:
        why = "each pod in a row costs up to that time"
        yield warning("argo", f"{REQUEUE} of the controller can't be told", why, f"1s is quickest: {deployment}")
    elif seconds > _SLOW:
        what = f"the controller looks at a Workflow again after {controller.requeue} ({REQUEUE})"
        yield warning("argo", what, "each pod in a row costs up to that time, of an undo too", deployment)
    else:
        yield good("argo", f"the controller looks at a Workflow again after {controller.requeue}")
    if controller.config is None:
        why = "limits that let Workflows wait are not known"
        yield warning(
            "argo", "the controller's ConfigMap can't be read", why, "look with rights to get ConfigMaps there"
        )
    for key in ("parallelism", "namespaceParallelism"):
        if limit := (controller.config or {}).get(key):
            what = f"the controller runs {limit} Workflows at once ({key})"
            yield warning("argo", what, "a deployment waits while others use them up", f"raise {key}, or know of it")


def _step_images(config: Config) -> Iterator[Finding]:
    image = config.argo.image
    remedy = 'push the images to a registry of yours: argo: {image: "REGISTRY/sternway-{step}:{version}"}'
    if image == ArgoConfig.image:
        why = f"only nodes have {image} that it was loaded on"
        yield warning("argo", "argo.image is not set", why, remedy)
    elif "/" not in image:
        why = f"nodes that have it not take {image} for one of docker.io/library, where it is not"
        yield warning("argo", "argo.image names no registry", why, remedy)


def _sweeper(client: Client, config: Config, namespace: str) -> Iterator[Finding]:
    why = "what `argo terminate`, a deletion or a lost node leaves is undone by the next run alone"
    if not config.argo.sweep:
        yield warning("argo", "argo.sweep is false", why, "argo: {sweep: true}, or run `sternway sweep` yourself")
        return
    name = sweeper_name(config.name)
    try:
        found = client.get(Ref("batch/v1", "CronJob", namespace, name))
    except ClusterError as error:
        yield warning(
            "argo", f"whether the sweeper is there can't be told: {error}", why, "look with rights to get CronJobs"
        )
        return
    if found is None:
        remedy = "apply all that `sternway template` writes"
        yield warning("argo", f"there is no sweeper: cronjob/{name} in namespace {namespace}", why, remedy)
    elif (found.get("spec") or {}).get("suspend"):
        remedy = f'kubectl -n {namespace} patch cronjob {name} -p \'{{"spec": {{"suspend": false}}}}\''
        yield warning("argo", f"the sweeper is suspended: cronjob/{name} in namespace {namespace}", why, remedy)
    else:
        yield good("argo", f"the sweeper is there: cronjob/{name} in namespace {namespace}")
