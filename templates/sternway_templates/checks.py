"""What a configuration must be so that Argo runs it as it is meant, beyond what every run asks of it."""

from __future__ import annotations

from hera.workflows import models as m
from sternway_steps.config import Config
from sternway_steps.config.document import Entry, Node
from sternway_steps.config.errors import ConfigError, ConfigErrors, Place
from sternway_steps.config.reader import nearest

from .fields import unknown

# Argo makes the name of a CronWorkflow's Workflow from this and a time stamp.
_LONGEST_CRON = 52


def check(config: Config, document: Node) -> None:
    """Find what Argo would not take, or not run as it is meant; raises ConfigErrors with every finding."""
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
        node = at(document, path)
        if node is None or isinstance(node.value, dict | list):
            what = "has no value in the configuration" if node is None else "is no single value"
            report("parameters", f"parameters.{path}", f"{path} {what}, so there is no default")
        elif asked.enum and node.text not in asked.enum:
            report("parameters", f"parameters.{path}.enum", f"the default {node.text!r} is not among its values")
        elif "{{" in node.text:
            report("parameters", f"parameters.{path}", "Argo would read its default as a tag of its own")
    for key, model, asked_for in (
        ("securityContext", m.SecurityContext, config.argo.security_context),
        ("podSecurityContext", m.PodSecurityContext, config.argo.pod_security_context),
    ):
        for path, known in unknown(model, asked_for):
            report(
                "argo", f"argo.{key}.{path}", "Kubernetes has no such field", nearest(path.rpartition(".")[2], known)
            )
    if errors:
        raise ConfigErrors(errors)


def at(document: Node, path: str) -> Node | None:
    """Give what stands at a path of the document, such as env.LEVEL."""
    node: Node | None = document
    for part in path.split("."):
        entry: Entry | None = node.value.get(part) if node is not None and isinstance(node.value, dict) else None
        node = entry.node if entry else None
    return node
