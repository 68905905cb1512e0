"""A rule about misspelt fields."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from sternway_steps.yamltree.document import Node

from .findings import Flaw
from .model import Workflow
from .nodes import fields

# Argo v4.1.2, api/jsonschema/schema.json.
_SPEC = (
    "activeDeadlineSeconds affinity archiveLogs arguments artifactGC artifactRepositoryRef "
    "automountServiceAccountToken dnsConfig dnsPolicy entrypoint executor executorPlugins hooks hostAliases "
    "hostNetwork imagePullSecrets metrics nodeSelector onExit parallelism podDisruptionBudget podGC podMetadata "
    "podPriorityClassName podResources podSpecPatch priority resourceClaims retryStrategy schedulerName "
    "securityContext serviceAccountName shutdown suspend synchronization templateDefaults templates tolerations "
    "ttlStrategy volumeClaimGC volumeClaimTemplates volumes workflowMetadata workflowTemplateRef"
)
_TEMPLATE = (
    "activeDeadlineSeconds affinity annotations archiveLocation automountServiceAccountToken container "
    "containerSet daemon dag data executor failFast hostAliases http initContainers inputs memoize metadata "
    "metrics name nodeSelector outputs parallelism pendingTimeout plugin podResources podSpecPatch "
    "priorityClassName resource resourceClaims retryStrategy schedulerName script securityContext "
    "serviceAccountName sidecars steps suspend synchronization timeout tolerations volumes"
)
_CALL = "arguments continueOn hooks inline name onExit template templateRef when withItems withParam withSequence"
_TASK = f"{_CALL} dependencies depends"


def unknown_field(workflow: Workflow) -> Iterator[Flaw]:
    """Find misspelt fields. An unknown field that resembles none may be of a newer Argo, and is ignored."""
    yield from _misspelt(workflow.spec, _SPEC, "the spec")
    for template in workflow.all_templates:
        yield from _misspelt(template.node, _TEMPLATE, template.name)
        for call in template.calls:
            yield from _misspelt(call.node, _TASK if template.type == "dag" else _CALL, call.name)


def _misspelt(node: Node | None, correct: str, where: str) -> Iterator[Flaw]:
    names = correct.split()
    lower = {name.lower(): name for name in names}
    for key, entry in fields(node).items():
        if key in names:
            continue
        near = difflib.get_close_matches(key.lower(), lower, n=1, cutoff=0.85)
        if near and lower[near[0]] not in fields(node):
            yield Flaw(
                entry.location, f"Argo has no {key} in {where}, so it does nothing", f"did you mean {lower[near[0]]}?"
            )
