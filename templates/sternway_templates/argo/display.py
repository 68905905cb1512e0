"""What Argo's lists and pages show of a pipeline and its runs: a title and a description, in Markdown."""

from __future__ import annotations

from collections.abc import Mapping

from hera.workflows import models as m
from sternway_steps.config import Config
from sternway_steps.saga.plan import Plan

_TITLE, _DESCRIPTION = "workflows.argoproj.io/title", "workflows.argoproj.io/description"
_VERSION = "image"
"""The key of a configuration that says which version it deploys."""


def of_template(config: Config, plan: Plan, parameters: Mapping[str, m.Parameter]) -> dict[str, str]:
    """Return the annotations of the WorkflowTemplate, and of its CronWorkflow; the configuration's own win."""
    given, where = parameters.get(_VERSION), config.namespace
    version = str(given.value) if given is not None else ""
    start = f"argo submit --from workflowtemplate/{config.name}" + (f" -n {where}" if where else "")
    return _annotations(config, plan, where or "", version, f"- start it: `{start}`")


def of_run(config: Config, plan: Plan, parameters: Mapping[str, m.Parameter]) -> dict[str, str]:
    """Return the annotations of each Workflow, whose tags Argo fills in."""
    version = "{{workflow.parameters.image}}" if _VERSION in parameters else ""
    run = f"{config.journal.namespace or '{{workflow.namespace}}'}/{{{{workflow.uid}}}}"
    told = f"- how it went: `sternway show {run}`\n- undo it: `sternway rollback {run}`"
    return _annotations(config, plan, config.namespace or "{{workflow.namespace}}", version, told)


def _annotations(config: Config, plan: Plan, where: str, version: str, told: str) -> dict[str, str]:
    title = f"Deploy **{config.name}**" + (f" to `{where}`" if where else "") + (f": `{version}`" if version else "")
    steps = ", ".join(" and ".join(step.name for step in group) for group in plan.groups)
    target = f"{where}.{config.name}" if where else config.name
    lines = [f"- target: `{target}`", *([f"- version: `{version}`"] if version else [])]
    text = "\n".join([*lines, f"- steps: {steps}", "- what fails is undone in reverse order", told, ""])
    return {_TITLE: title, _DESCRIPTION: text, **config.argo.annotations}
