"""What the pods of all runs have: their security context, and how long they may outlive their process's deadline."""

from __future__ import annotations

from typing import Any

from sternway_steps.config import Config

SPARE = 30
"""Seconds: a pod is killed only when the process did not end by its own deadline."""
RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
UNATTENDED = "unattended"
"""The parameter of a WorkflowTemplate that its CronWorkflow sets, and no person."""
REPORT = "report"
"""The name of the step that ends a run on Argo."""
TOLD = "report-success"
"""The name of the step that reports one that succeeded, where somebody is to be told of it (`on:`)."""


def pod_security(config: Config) -> dict[str, Any]:
    """Return the pods' PodSecurityContext: an unprivileged user, unless the configuration says otherwise."""
    user = config.argo.user
    safe = {"runAsNonRoot": True, "runAsUser": user, "runAsGroup": user, "seccompProfile": {"type": "RuntimeDefault"}}
    return {**safe, **config.argo.pod_security_context}


def namespace_env(config: Config) -> list[dict[str, Any]]:
    """Return the variable by which a pod deploys to its own namespace, where the configuration names none."""
    if config.namespace is not None:
        return []
    return [{"name": "STERNWAY_NAMESPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}}]
