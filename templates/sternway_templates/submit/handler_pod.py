"""Whether the pods of the exit handler could start: asked before a run that they are to undo."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sternway_steps.errors import Refused
from sternway_steps.kube.api_error import ApiError
from sternway_steps.kube.client import Client

from .submission import Submission

MANAGER = "sternway-templates"
_OF_A_CONTAINER = ("image", "command", "args", "env", "resources", "securityContext")
_OF_A_POD = ("nodeSelector", "tolerations", "imagePullSecrets", "securityContext", "serviceAccountName", "volumes")
_EXECUTOR = {"name": "wait", "image": "argoexec"}
_TAKEN_BACK = (403, 422)
"""What a quota, a LimitRange, Pod Security, a missing service account or a webhook answers; and what is invalid."""


def require_startable(client: Client, submission: Submission) -> str:
    """Ask the server by a dry run whether it would take the exit handler's pods; return why it was not asked, or "".

    Whether their images can be pulled, and a node has room, shows only when they are there.

    Raises: Refused when it would not, ApiError when it can't be asked now.
    """
    if not client.can_i("create", client.resource("v1", "Pod"), submission.namespace):
        return "the exit handler's pods were not tried by a dry run, for we may not create pods"
    refused = []
    for pod in handler_pods(submission.template):
        try:
            client.create(pod, manager=MANAGER, dry_run=True)
        except ApiError as error:
            if error.status not in _TAKEN_BACK:
                raise
            refused.append(f"{pod['metadata']['labels']['template']}: {error.message}")
    if refused:
        said = "\n".join(dict.fromkeys(refused))
        raise Refused(
            f"the exit handler could not start, so a run that fails would not be undone:\n{said}",
            remedy=f"make room for it in namespace {submission.namespace}, or change `argo:` of the configuration",
        )
    return ""


def handler_pods(template: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the pods of a WorkflowTemplate's exit handler, as Argo makes them but for its own init container."""
    spec, metadata = template["spec"], template["metadata"]
    by_name = {each["name"]: each for each in spec["templates"]}
    for name in _leaves(by_name, spec["onExit"]):
        leaf = by_name[name]
        of_pod = {key: leaf.get(key) or spec.get(key) for key in _OF_A_POD}
        volumes = (*spec.get("volumes", ()), *leaf.get("volumes", ()))
        of_pod["volumes"] = list({each["name"]: each for each in volumes}.values())
        containers = [_container(spec, each) for each in _containers(leaf)]
        patched = {each["name"]: each for each in json.loads(spec.get("podSpecPatch") or "{}").get("containers", ())}
        containers += [{**_EXECUTOR, **patched.get("wait", {})}]
        yield {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": f"{metadata['name'][:40]}-handler",
                "namespace": metadata["namespace"],
                "labels": {"template": name},
            },
            "spec": {
                **{key: value for key, value in of_pod.items() if value},
                "containers": containers,
                "restartPolicy": "Never",
            },
        }


def _leaves(by_name: Mapping[str, Mapping[str, Any]], name: str) -> Iterable[str]:
    """Return the templates below one that are pods, each once."""
    found: dict[str, None] = {}
    rows = by_name[name].get("steps")
    if rows is None:
        return [name]
    for step in (step for row in rows for step in row):
        found |= dict.fromkeys(_leaves(by_name, step["template"]))
    return found


def _containers(leaf: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    together = leaf.get("containerSet") or {}
    shared = together.get("volumeMounts", ())
    each = together.get("containers") or [{"name": "main", **leaf.get("container", {})}]
    return [{**one, "volumeMounts": [*one.get("volumeMounts", ()), *shared]} for one in each]


def _container(spec: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Return a container with what all have: templateDefaults, or what each of a set has written out."""
    common = (spec.get("templateDefaults") or {}).get("container") or {}
    made = {key: own.get(key) or common.get(key) for key in _OF_A_CONTAINER}
    mounts = {m["mountPath"]: m for m in (*common.get("volumeMounts", ()), *own["volumeMounts"])}
    return {"name": own["name"], **{k: v for k, v in made.items() if v}, "volumeMounts": list(mounts.values())}
