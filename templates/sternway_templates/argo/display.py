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
    given = parameters.get(_VERSION)
    version = str(given.value) if given is not None else ""
    start = f"argo submit --from workflowtemplate/{config.name}"
    return _annotations(config, plan, version, f"- start it: `{start} -n {config.namespace}`")


def of_run(config: Config, plan: Plan, parameters: Mapping[str, m.Parameter]) -> dict[str, str]:
    """Return the annotations of each Workflow, whose tags Argo fills in."""
    version = "{{workflow.parameters.image}}" if _VERSION in parameters else ""
    run = "{{workflow.namespace}}/{{workflow.uid}}"
    journal = config.journal.namespace
    named = f"{journal}/{{{{workflow.uid}}}}" if journal else run
    told = f"- how it went: `sternway show {named}`\n- undo it: `sternway rollback {named}`"
    return _annotations(config, plan, version, told)


def _annotations(config: Config, plan: Plan, version: str, told: str) -> dict[str, str]:
    where = f" to `{config.namespace}`"
    title = f"Deploy **{config.name}**{where}" + (f": `{version}`" if version else "")
    steps = ", ".join(" and ".join(step.name for step in group) for group in plan.groups)
    lines = [f"- target: `{config.namespace}.{config.name}`", *([f"- version: `{version}`"] if version else [])]
    text = "\n".join([*lines, f"- steps: {steps}", "- what fails is undone in reverse order", told, ""])
    return {_TITLE: title, _DESCRIPTION: text, **config.argo.annotations}
