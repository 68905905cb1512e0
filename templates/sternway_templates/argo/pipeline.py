"""From a configuration to everything that has to be applied so that Argo can run it."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from hera.workflows import models as m
from sternway_steps.config import Config
from sternway_steps.registry.steps import installed_steps, with_declared_specs
from sternway_steps.yamltree.document import Node

from ..changeable import changeable
from ..kubernetes.checks import at, checked_plan
from ..kubernetes.config_maps import config_maps, files
from ..kubernetes.rbac import rbac
from ..output import numbered
from .models import data, made
from .workflow import workflow_spec

HASH = "sternway.dev/config-hash"
"""The annotation of the WorkflowTemplate that tells from what it was made: a hash over all that was generated."""


def pipeline(config: Config, document: Node) -> dict[str, dict[str, Any]]:
    """Give the objects by the file that each belongs into, in the order in which they are applied.

    Raises: ConfigErrors: what Argo would not take, or not run as it is meant.
    """
    namespace = config.namespace
    plan = checked_plan(config, document)
    config = with_declared_specs(config, installed_steps())
    labels = {"app.kubernetes.io/name": config.name, "app.kubernetes.io/managed-by": "sternway", **config.argo.labels}
    account = config.argo.service_account or f"sternway-{config.name}"
    maps = config_maps(f"sternway-{config.name}", namespace, labels, files(config, document))
    spec = workflow_spec(
        config, plan, account, [each["metadata"]["name"] for each in maps], parameters(config, document)
    )
    spec.workflow_metadata = made(m.WorkflowMetadata, labels=labels)
    metadata = made(
        m.ObjectMeta,
        name=config.name,
        namespace=namespace,
        labels=labels,
        annotations=dict(config.argo.annotations) or None,
    )
    rights = [] if config.argo.service_account else rbac(config, plan, namespace, account)
    objects = numbered([*rights, *maps])
    template = made(m.WorkflowTemplate, api_version=_API, kind="WorkflowTemplate", metadata=metadata, spec=spec)
    made_template = objects[f"{len(objects) + 1:02d}-workflowtemplate.yaml"] = data(template)
    if config.schedule is not None:
        objects[f"{len(objects) + 1:02d}-cronworkflow.yaml"] = data(_cron(config, metadata))
    digest = hashlib.sha256(json.dumps(objects, sort_keys=True).encode()).hexdigest()[:16]
    made_template["metadata"].setdefault("annotations", {})[HASH] = digest
    return objects


_API = "argoproj.io/v1alpha1"


def parameters(config: Config, document: Node) -> dict[str, m.Parameter]:
    """Give what can be changed at submission, by its path in the configuration."""
    found: dict[str, m.Parameter] = {}
    for path, asked in changeable(config, document).items():
        node = at(document, path)
        found[path] = made(
            m.Parameter,
            name=path.replace(".", "-"),
            value=node.text if node is not None else None,
            description=asked.description,
            enum=list(asked.enum) or None,
        )
    return found


def _cron(config: Config, metadata: m.ObjectMeta) -> m.CronWorkflow:
    schedule = config.schedule
    assert schedule is not None  # noqa: S101  for the type checker
    reference = made(m.WorkflowTemplateRef, name=config.name)
    spec = made(
        m.CronWorkflowSpec,
        schedules=list(schedule.cron),
        timezone=schedule.timezone,
        # Replace would terminate the running saga without its exit handler.
        concurrency_policy="Forbid",
        starting_deadline_seconds=int(schedule.starting_deadline),
        successful_jobs_history_limit=schedule.succeeded_history,
        failed_jobs_history_limit=schedule.failed_history,
        suspend=schedule.suspend or None,
        workflow_spec=made(m.WorkflowSpec, workflow_template_ref=reference),
    )
    return made(m.CronWorkflow, api_version=_API, kind="CronWorkflow", metadata=metadata, spec=spec)
