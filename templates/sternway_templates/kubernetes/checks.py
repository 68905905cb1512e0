"""What a configuration must fulfil so that Argo or a CronJob runs it as it is meant."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from croniter import croniter
from croniter.croniter import CroniterError
from hera.workflows import models as m
from sternway_steps.builtin.command.options import USES as COMMAND
from sternway_steps.config import Config
from sternway_steps.config.each_step import each_step
from sternway_steps.config.object_sources import KEYS as RENDERED
from sternway_steps.config.step_pod import own_pod_reason
from sternway_steps.errors import Refused
from sternway_steps.objects.irreversible import quantity
from sternway_steps.objects.secret import holds_values
from sternway_steps.registry.steps import Specs, installed_steps
from sternway_steps.release.memory import too_little_memory
from sternway_steps.saga.plan import Plan, make_plan
from sternway_steps.yamltree.document import Entry, Node
from sternway_steps.yamltree.errors import ConfigError, ConfigErrors, SourceLocation
from sternway_steps.yamltree.reader import nearest

from ..lint.cron import WORDS, wrong_schedule
from .build_pod import findings
from .image_checks import Report, check_images
from .unknown_fields import unknown

_WAYS_OUT = (
    "leave it out, and name a Secret that is there: apply it apart, or have it made by an ExternalSecret"
    " (external-secrets.io) or a SealedSecret (bitnami.com), which may stand among the manifests"
)
NO_NAMESPACE = (
    "the rights and what runs need to know where they belong",
    "set namespace: NAME, or give --set namespace=NAME",
)
# Argo makes the name of a CronWorkflow's Workflow from this and a time stamp, Kubernetes that of a CronJob's Job.
_LONGEST_CRON = 52


def checked_plan(config: Config, document: Node, kind: str = "CronWorkflow") -> Plan:
    """Return the plan of a configuration that can run in the cluster; raise ConfigErrors with every finding.

    `kind` is what starts it by the schedule: Argo's CronWorkflow, or a CronJob, which can have only one schedule.
    """
    errors: list[ConfigError] = []
    plan = Plan(())

    def report(key: str, field: str, message: str, hint: str) -> None:
        entry = document.value.get(key)
        location: SourceLocation = entry.location if entry is not None else document.location
        errors.append(ConfigError(location, field, message, hint=hint))

    try:
        plan = make_plan(config.steps, Specs(installed_steps(), config.declared), config.on_end)
    except Refused as bad:
        for line in bad.message.splitlines():
            location, _, message = line.rpartition("steps: ")
            report("steps", "steps", message, bad.remedy or "")
            if location:  # the step's own
                errors[-1] = replace(errors[-1], location=SourceLocation.parse(location.removesuffix(": ")))
    if config.journal.store != "cluster":
        report("journal", "journal.store", "pods share no files, so the undo would not find them", "store: cluster")
    if config.journal.key is not None and config.journal.key.file is not None:
        message = "a pod has no file of this machine, and in a ConfigMap the key would be no secret"
        report("journal", "journal.key.file", message, "key: {secret: NAME, key: KEY}, a Secret in the same namespace")
    if config.namespace is None and kind == "CronJob":
        report("name", "namespace", *NO_NAMESPACE)
    _check_commands(plan, report)
    _check_schedule(config, kind, report)
    if kind == "CronJob":
        _check_one_schedule(config, report)
    else:
        _check_parameters(config, document, report)
        errors += _in_one_pod(config)
    errors += _secrets_in_clear(config)
    _check_security(config, report)
    _check_memory(config, report)
    errors += findings(config, plan.steps, one_pod=kind == "CronJob")
    check_images(config, kind, plan, report)
    if errors:
        raise ConfigErrors(errors)
    return plan


def node_at(document: Node, path: str) -> Node | None:
    """Return the node at a path of the document, such as env.LEVEL."""
    node: Node | None = document
    for part in path.split("."):
        entry: Entry | None = node.value.get(part) if node is not None and isinstance(node.value, dict) else None
        node = entry.node if entry else None
    return node


def _check_commands(plan: Plan, report: Report) -> None:
    """Report commands that no pod can run: there each is a Job with an image of its own."""
    for step in (step for step in plan.all_steps if step.spec.name == COMMAND):
        field, runner = f"steps.{step.name}", step.options.get("runner", "auto")
        if "image" not in step.options:
            report(
                "steps",
                f"{field}.image",
                "in a pod a command runs in an image of its own, and this one has none",
                "image: NAME",
            )
        elif "folder" in step.options:
            hint = "put the files into the image, or into arguments"
            report("steps", f"{field}.folder", "a pod has no folder of this machine", hint)
        if runner not in ("auto", "kubernetes"):
            report("steps", f"{field}.runner", f"a pod has no {runner} to run it by", "runner: auto")


def _in_one_pod(config: Config) -> Iterator[ConfigError]:
    """Yield what can't be in the one pod that the file asks for."""
    if config.argo.pods != "one":
        return
    for step, _, _ in each_step(config.steps):
        if step.pod is not None:
            message = f"argo.pods is one, and {own_pod_reason(step.pod)} asks for a pod of its own"
            hint = "leave argo.pods out: the steps that can share a pod do, and this one has its own"
            yield ConfigError(SourceLocation.parse(step.place), f"steps.{step.name}.pod", message, hint=hint)


def _check_one_schedule(config: Config, report: Report) -> None:
    if config.schedule is None:
        report("schedule", "schedule", "this key is required for a CronJob", 'schedule: "30 2 * * 1-5"')
    elif len(config.schedule.cron) != 1:
        message = f"a CronJob has one expression, not {len(config.schedule.cron)}"
        report("schedule", "schedule.cron", message, "write one, such as 0 6,18 * * *, or a configuration for each")
    if config.schedule is not None and config.schedule.stop_strategy:
        report("schedule", "schedule.stopStrategy", "a CronJob has none; Argo's CronWorkflow does", "leave it out")


def _check_schedule(config: Config, kind: str, report: Report) -> None:
    if config.schedule is None:
        return
    if len(config.name) > _LONGEST_CRON:
        report("name", "name", f"a {kind}'s name may have {_LONGEST_CRON} characters", "shorten it")
    for expression in config.schedule.cron:
        # A library knows cron; Argo's parser takes less: no sixth field, no Sunday as 7.
        if expression not in WORDS and (wrong := wrong_schedule(expression) or _never(expression)):
            message = f"{expression!r} is no cron expression: {wrong}"
            report("schedule", "schedule.cron", message, "five fields, such as 30 2 * * 1-5")


def _never(expression: str) -> str:
    try:
        croniter(expression).get_next()
    except CroniterError as error:
        return str(error)
    return ""


def _check_parameters(config: Config, document: Node, report: Report) -> None:
    for path, parameter in config.parameters.items():
        node, field = node_at(document, path), f"parameters.{path}"
        if path.partition(".")[0] in RENDERED:
            message = "what is rendered is rendered when the template is made, so no run can change it"
            hint = "leave it out, and run `sternway template` again; a pipeline of CI renders at each run"
            report("parameters", field, message, hint)
        elif node is None:
            report("parameters", field, f"{path} has no value in the configuration", "give it one: its default")
        elif isinstance(node.value, dict | list):
            report("parameters", field, f"{path} is no single value", "name one of the keys below it")
        elif parameter.enum and node.text not in parameter.enum:
            report("parameters", f"{field}.enum", f"the default {node.text!r} is not among its values", "add it")
        elif "{{" in node.text:
            report("parameters", field, "Argo would read its default as a tag of its own", "a text without {{")


def _secrets_in_clear(config: Config) -> Iterator[ConfigError]:
    """Yield the Secrets whose values would stand in a ConfigMap, and in the files that are written."""
    for manifest in (*config.manifests, *config.hooks, *config.left_out):
        if holds_values(manifest.obj):
            name = manifest.obj["metadata"]["name"]
            message = f"the values of Secret {name} would stand in a ConfigMap, and in the files that are written"
            yield ConfigError(manifest.location, "manifests", message, hint=_WAYS_OUT)


def _check_memory(config: Config, report: Report) -> None:
    limit = quantity(config.argo.resources.get("limits", {}).get("memory"))
    if little := too_little_memory(config, int(limit) if limit is not None else None):
        report("argo", "argo.resources.limits.memory", little, "raise it; an undo that is killed for it undoes nothing")


def _check_security(config: Config, report: Report) -> None:
    for key, model, context in (
        ("securityContext", m.SecurityContext, config.argo.security_context),
        ("podSecurityContext", m.PodSecurityContext, config.argo.pod_security_context),
    ):
        for path, fields in unknown(model, context):
            hint = nearest(path.rpartition(".")[2], fields)
            report("argo", f"argo.{key}.{path}", "Kubernetes has no such field", hint)
