"""From a configuration to everything that has to be applied so that Argo can run it."""

from __future__ import annotations

from typing import Any

from hera.workflows import models as m
from sternway_steps.builtin import builtin_steps
from sternway_steps.config import Config
from sternway_steps.config.document import Entry, Node
from sternway_steps.config.errors import ConfigError, ConfigErrors, Place
from sternway_steps.plan import make_plan

from .files import config_maps, files
from .made import data, made
from .rbac import rbac
from .workflow import workflow_spec

# Argo cuts the name of a CronWorkflow's Workflow together from this and a time stamp.
_LONGEST_CRON = 52
_SUBMITTED = ("image", "replicas")


def pipeline(config: Config, document: Node) -> dict[str, dict[str, Any]]:
    """Give the objects by the file that each belongs into, in the order in which they are applied.

    Raises: ConfigErrors, Refused: what Argo would not take, or not run as it is meant.
    """
    namespace = config.namespace
    _check(config, document)
    plan = make_plan(config.steps, {name: step.spec for name, step in builtin_steps().items()})
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
    objects = {f"{number:02d}-{_slug(each)}.yaml": each for number, each in enumerate([*rights, *maps], 1)}
    template = made(m.WorkflowTemplate, api_version=_API, kind="WorkflowTemplate", metadata=metadata, spec=spec)
    objects[f"{len(objects) + 1:02d}-workflowtemplate.yaml"] = data(template)
    if config.schedule is not None:
        objects[f"{len(objects) + 1:02d}-cronworkflow.yaml"] = data(_cron(config, metadata))
    return objects


_API = "argoproj.io/v1alpha1"


def parameters(config: Config, document: Node) -> dict[str, m.Parameter]:
    """Give what can be changed at submission, by its path in the configuration."""
    words = {"image": "The image to deploy.", "replicas": "How many pods."}
    found: dict[str, m.Parameter] = {}
    for path in dict.fromkeys([*(key for key in _SUBMITTED if key in document.value), *config.parameters]):
        asked = config.parameters.get(path)
        node = _at(document, path)
        found[path] = made(
            m.Parameter,
            name=path.replace(".", "-"),
            value=node.text if node is not None else None,
            description=(asked.description if asked else "") or words.get(path) or f"{path} of the configuration.",
            enum=list(asked.enum) if asked and asked.enum else None,
        )
    return found


def _at(document: Node, path: str) -> Node | None:
    node: Node | None = document
    for part in path.split("."):
        entry: Entry | None = node.value.get(part) if node is not None and isinstance(node.value, dict) else None
        node = entry.node if entry else None
    return node


def _check(config: Config, document: Node) -> None:
    errors: list[ConfigError] = []

    def report(key: str, field: str, message: str, hint: str = "") -> None:
        entry = document.value.get(key)
        place: Place = entry.place if entry is not None else document.place
        errors.append(ConfigError(place, field, message, hint=hint))

    if config.schedule is not None and len(config.name) > _LONGEST_CRON:
        report("name", "name", f"a CronWorkflow's name may have {_LONGEST_CRON} characters", "shorten it")
    if config.journal.store != "cluster":
        report("journal", "journal.store", "pods share no files, so the undo would not find them", "store: cluster")
    if config.namespace is None:
        hint = "set namespace: NAME, or give --set namespace=NAME"
        report("name", "namespace", "the rights and the Workflow need to know where they belong", hint)
    for path, asked in config.parameters.items():
        node = _at(document, path)
        if node is None or isinstance(node.value, dict | list):
            what = "has no value in the configuration" if node is None else "is no single value"
            report("parameters", f"parameters.{path}", f"{path} {what}, so there is no default")
        elif asked.enum and node.text not in asked.enum:
            report("parameters", f"parameters.{path}.enum", f"the default {node.text!r} is not among its values")
        elif "{{" in node.text:
            report("parameters", f"parameters.{path}", "Argo would read its default as a tag of its own")
    if errors:
        raise ConfigErrors(errors)


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


def _slug(obj: dict[str, Any]) -> str:
    kind, metadata = obj["kind"].lower(), obj["metadata"]
    place = metadata.get("namespace")
    return "-".join([kind, metadata["name"], *([place] if place else [])])
