"""Deletes the ConfigMaps of earlier versions of a pipeline that nothing uses any more."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sternway_steps.kube.api_error import ApiError, unable
from sternway_steps.kube.client import Client
from sternway_steps.kube.discovery import UnknownKind
from sternway_steps.objects.ref import Ref

_ARGO = "argoproj.io/v1alpha1"
_USERS = (
    (_ARGO, "Workflow"), (_ARGO, "WorkflowTemplate"), (_ARGO, "CronWorkflow"),
    ("batch/v1", "CronJob"), ("batch/v1", "Job"), ("v1", "Pod"),
)  # fmt: skip
_HASH = r"-[0-9a-f]{10}(?:-\d+)?"
_NAMED = re.compile(rf'"(sternway-[a-z0-9.-]+{_HASH})"')
_YOUNG = timedelta(minutes=10)
"""What was applied a moment ago may belong to a template that is being applied still."""


def prune(client: Client, objects: Iterable[Mapping[str, Any]], now: datetime | None = None) -> list[str]:
    """Delete the ConfigMaps that earlier versions of generated objects left, and return their names.

    One is kept that these objects name, or anything in the namespace that runs or may run: also a Workflow that has
    ended, for it may be retried.

    Raises: Refused, Transient when that can't be found out; nothing was deleted then.
    """
    made = [obj for obj in objects if obj["kind"] == "ConfigMap"]
    if not made:
        return []
    namespace, labels = made[0]["metadata"]["namespace"], made[0]["metadata"]["labels"]
    before = (now or datetime.now(UTC)) - _YOUNG
    ours = re.compile(re.escape(re.sub(f"{_HASH}$", "", made[0]["metadata"]["name"])) + _HASH)
    selector = ",".join(f"{key}={labels[key]}" for key in ("app.kubernetes.io/name", "app.kubernetes.io/managed-by"))
    try:
        found = client.list("v1", "ConfigMap", namespace, labels=selector, metadata_only=True).items
        old = [each for each in found if ours.fullmatch(each["metadata"]["name"]) and _made(each) < before]
        kept = _used(client, namespace) | {obj["metadata"]["name"] for obj in made}
        gone = [each for each in old if each["metadata"]["name"] not in kept]
        for each in gone:
            ref = Ref("v1", "ConfigMap", namespace, each["metadata"]["name"])
            client.delete(ref, uid=each["metadata"]["uid"], propagation="Background")
    except ApiError as error:
        rights = "list configmaps, workflows, cronjobs, jobs and pods, and delete configmaps"
        raise unable("old ConfigMaps can't be deleted", error, f"grant: {rights} in namespace {namespace}") from error
    return sorted(each["metadata"]["name"] for each in gone)


def _made(obj: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(str(obj["metadata"]["creationTimestamp"]).replace("Z", "+00:00"))


def _used(client: Client, namespace: str) -> set[str]:
    """Return every name of the kind that anything there names, wherever in it: in a spec, or in what Argo stored."""
    names: set[str] = set()
    for api, kind in _USERS:
        try:
            for obj in client.list(api, kind, namespace).items:
                names |= {found[1] for found in _NAMED.finditer(json.dumps(obj))}
        except UnknownKind:
            continue
    return names
