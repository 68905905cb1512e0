"""From a configuration to all objects that have to be applied so that Argo can run it."""

from __future__ import annotations

import hashlib
import json
import math
from typing import Any

from hera.workflows import models as m
from sternway_steps.config import Config
from sternway_steps.registry.steps import installed_steps, with_declared_specs
from sternway_steps.saga.failed_nodes import FORWARD
from sternway_steps.saga.workflow import START_DEADLINE
from sternway_steps.yamltree.document import Node

from ..changeable import changeable
from ..kubernetes.checks import checked_plan, node_at
from ..kubernetes.config_maps import config_maps, files
from ..kubernetes.pod import UNATTENDED
from ..kubernetes.rbac import rbac
from ..kubernetes.served import NOT_ASKED, Served
from ..kubernetes.sweeper import sweepers
from ..output import numbered
from .display import of_run, of_template
from .models import data, new
from .workflow import workflow_spec

HASH = "sternway.dev/config-hash"
"""The annotation of the WorkflowTemplate that identifies what it was made from: a hash over all that was generated."""


def pipeline(config: Config, document: Node, served: Served = NOT_ASKED) -> dict[str, dict[str, Any]]:
    """Return the objects by file name, in the order in which they are applied.

    `served` is what a cluster told of kinds that are not Kubernetes' own (`kubernetes.served.ask`).

    Raises: ConfigErrors for what Argo would not accept, or not run as it is meant.
    """
    namespace = config.namespace
    plan = checked_plan(config, document)
    config = with_declared_specs(config, installed_steps())
    labels = {"app.kubernetes.io/name": config.name, "app.kubernetes.io/managed-by": "sternway", **config.argo.labels}
    account = config.argo.service_account or f"sternway-{config.name}"
    maps = config_maps(f"sternway-{config.name}", namespace, labels, files(config, document))
    names = [each["metadata"]["name"] for each in maps]
    given = parameters(config, document)
    spec = workflow_spec(config, plan, account, names, given)
    notes = {**of_run(config, plan, given), START_DEADLINE: str(math.ceil(config.argo.start_deadline))}
    spec.workflow_metadata = new(m.WorkflowMetadata, labels=labels, annotations=notes)
    metadata = new(
        m.ObjectMeta,
        name=config.name,
        namespace=namespace,
        labels=labels,
        annotations=of_template(config, plan, given),
    )
    rights = [] if config.argo.service_account else rbac(config, plan, namespace, account, served=served)
    objects = numbered([*rights, *maps, *sweepers(config, plan, labels, account, names, on_argo=True)])
    template = new(m.WorkflowTemplate, api_version=_API, kind="WorkflowTemplate", metadata=metadata, spec=spec)
    made_template = objects[f"{len(objects) + 1:02d}-workflowtemplate.yaml"] = _with_pending_timeout(
        data(template), config
    )
    if config.schedule is not None:
        objects[f"{len(objects) + 1:02d}-cronworkflow.yaml"] = data(_cron(config, metadata))
    # Which rights there are follows from all else, and from what a cluster told of kinds, which another one may not.
    hashed = {name: obj for name, obj in objects.items() if obj["kind"] not in ("Role", "ClusterRole")}
    digest = hashlib.sha256(json.dumps(hashed, sort_keys=True).encode()).hexdigest()[:16]
    made_template["metadata"].setdefault("annotations", {})[HASH] = digest
    return objects


def _with_pending_timeout(template: dict[str, Any], config: Config) -> dict[str, Any]:
    """Say how long a pod that executes may be pending, a field (4.1) that Hera's models do not have.

    None of the handler has it: when it passes, Argo ends the whole handler.
    """
    for each in template["spec"]["templates"]:
        if each["name"].startswith(FORWARD):
            each["pendingTimeout"] = f"{math.ceil(config.argo.pending_timeout)}s"
    return template


_API = "argoproj.io/v1alpha1"


def parameters(config: Config, document: Node) -> dict[str, m.Parameter]:
    """Return the parameters that can be changed at submission, by their path in the configuration."""
    parameters_by_path: dict[str, m.Parameter] = {}
    for path, parameter in changeable(config, document).items():
        node = node_at(document, path)
        parameters_by_path[path] = new(
            m.Parameter,
            name=path.replace(".", "-"),
            value=node.text if node is not None else None,
            description=parameter.description,
            enum=list(parameter.enum) or None,
        )
    return parameters_by_path


def _cron(config: Config, metadata: m.ObjectMeta) -> m.CronWorkflow:
    schedule = config.schedule
    assert schedule is not None  # noqa: S101  for the type checker
    reference = new(m.WorkflowTemplateRef, name=config.name)
    spec = new(
        m.CronWorkflowSpec,
        schedules=list(schedule.cron),
        timezone=schedule.timezone,
        # Replace would terminate the running saga without its exit handler.
        concurrency_policy="Forbid",
        starting_deadline_seconds=int(schedule.starting_deadline),
        successful_jobs_history_limit=schedule.succeeded_history,
        failed_jobs_history_limit=schedule.failed_history,
        suspend=schedule.suspend or None,
        stop_strategy=new(m.StopStrategy, expression=schedule.stop_strategy) if schedule.stop_strategy else None,
        workflow_spec=new(
            m.WorkflowSpec,
            workflow_template_ref=reference,
            arguments=new(m.Arguments, parameters=[new(m.Parameter, name=UNATTENDED, value="true")]),
        ),
    )
    return new(m.CronWorkflow, api_version=_API, kind="CronWorkflow", metadata=metadata, spec=spec)
