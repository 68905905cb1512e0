"""What Argo's controller adds to each Workflow, or forbids it: what of that costs a pipeline its undo. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..argo.settings import Controller
from .finding import Finding, warning, wrong


def argo_defaults(controller: Controller) -> Iterator[Finding]:
    """Look at workflowDefaults, which Argo merges into each Workflow, and at workflowRestrictions."""
    config = controller.config or {}
    spec = _below(_below(config, "workflowDefaults"), "spec")
    templates = _below(spec, "templateDefaults")
    if spec.get("retryStrategy") or templates.get("retryStrategy"):
        yield warning(
            "argo",
            "the controller retries whatever fails (workflowDefaults: retryStrategy)",
            "Argo looks at no pendingTimeout then, so a pod that can't start holds its run up until somebody stops it",
            "set retryStrategy in the WorkflowTemplates that want it",
        )
    for key in ("timeout", "pendingTimeout"):
        if templates.get(key):
            yield wrong(
                "argo",
                f"the controller gives every template a {key} (workflowDefaults: templateDefaults)",
                "when that of an exit handler is over, Argo ends all of it, and what is not undone by then is left to "
                "the sweeper",
                f"set {key} in the WorkflowTemplates that want it",
            )
    if spec.get("automountServiceAccountToken") is False:
        yield wrong(
            "argo",
            "the controller gives pods no token (workflowDefaults: automountServiceAccountToken)",
            "no step reaches the API",
            "set it in the WorkflowTemplates that want it",
        )
    if _below(config, "workflowRestrictions").get("templateReferencing") == "Secure":
        yield wrong(
            "argo",
            "the controller lets no WorkflowTemplate change while it is in use (templateReferencing: Secure)",
            "a new version that is applied meanwhile holds a Workflow up, and its undo too, until somebody stops it",
            "templateReferencing: Strict, or apply while no run is at work; `argo stop` starts the undo of one held up",
        )


def _below(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = value.get(key)
    return found if isinstance(found, Mapping) else {}
