"""Which Argo Workflows is on the cluster, and which features of a pipeline will not work there.

Since which version Argo knows a field stands in its own documentation: fields.md, retries.md, workflow-rbac.md,
cron-workflows.md and deprecations.md of 4.1.2; which version has a fix, in its CHANGELOG.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..kube.api_error import ApiError
from ..kube.discovery import UnknownKind
from ..objects.ref import Ref

if TYPE_CHECKING:
    from ..kube.client import Client

API = "argoproj.io/v1alpha1"
_DEFINITION = Ref("apiextensions.k8s.io/v1", "CustomResourceDefinition", None, "workflowtemplates.argoproj.io")
_CONTROLLER = "workflow-controller"
_TAG = re.compile(r":v?(\d+)\.(\d+)\.(\d+)(?:[-+][\w.-]+)?(?:@sha256:[0-9a-f]+)?$")
_SOME = 999
"""An unknown patch release: only what holds for the last one of its line is reported."""


@dataclass(frozen=True, order=True)
class Version:
    """A release of Argo Workflows."""

    major: int
    minor: int
    patch: int = 0

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}" + (f".{self.patch}" if self.patch != _SOME else "")


@dataclass(frozen=True)
class _Fault:
    """What does not work in the releases before `fixed`, except those of older lines that have the fix too."""

    fixed: Version
    sentence: str
    also_fixed: tuple[Version, ...] = field(default=())
    only_scheduled: bool = False

    def concerns(self, version: Version) -> bool:
        line = next((v for v in self.also_fixed if (v.major, v.minor) == (version.major, version.minor)), self.fixed)
        return version < line


_FAULTS = (
    _Fault(
        Version(4, 1),
        "it does not know `pendingTimeout` (4.1), so a step whose image can't be pulled waits until somebody stops it",
    ),
    _Fault(
        Version(3, 6),
        "it does not know `synchronization.mutexes` (3.6), so two runs of this pipeline can be under way at once; "
        "the lock in the journal still keeps their steps from overlapping",
    ),
    _Fault(
        Version(3, 6), "it does not know `schedules` (3.6), so the schedule starts no runs", only_scheduled=True
    ),
    _Fault(
        Version(3, 6),
        "a run that its deadline ends may stay as it is: the deadline ends the pods of the undo too, when they need "
        "some seconds to start (argoproj/argo-workflows#13060, #13252; fixed in 3.5.11 and 3.6.0)",
        also_fixed=(Version(3, 5, 11),),
    ),
)  # fmt: skip
_TOO_OLD = (
    _Fault(
        Version(3, 2),
        "it does not know `retryStrategy.expression` (3.2), so a step that failed for good would be tried again",
    ),
    _Fault(
        Version(3, 4),
        "its executor reports through the pods, not through WorkflowTaskResults (3.4), and the pipeline's pods have "
        "no right to change pods",
    ),
)


def known_faults(version: Version, *, scheduled: bool = True) -> tuple[str, ...]:
    """Return, in a sentence each, what will not work with a version; `scheduled`: the pipeline has a schedule."""
    return tuple(f.sentence for f in _FAULTS if f.concerns(version) and (scheduled or not f.only_scheduled))


def too_old(version: Version) -> str | None:
    """Return why a version can't run a pipeline at all; None when it can."""
    return next((fault.sentence for fault in _TOO_OLD if fault.concerns(version)), None)


def find_version(client: Client, namespace: str) -> Version | None:
    """Return the version as far as our rights reach: from the controller's image, else from the definitions."""
    images = (str(container.get("image", "")) for _, container in controllers(client, namespace) or ())
    return next((found for image in images if (found := of_image(image)) is not None), None) or _of_definition(client)


def of_image(image: str) -> Version | None:
    """Return the version in an image's tag; None when it has none, such as `latest`."""
    match = _TAG.search(image)
    return Version(*(int(part) for part in match.groups())) if match else None


def of_schema(definition: Mapping[str, Any]) -> Version | None:
    """Return what the schema of a WorkflowTemplate tells of the version; None without a schema ("minimal").

    3.6 brought `mutexes`, 4.0 dropped `mutex` (both are there in between), and 4.1 brought `pendingTimeout`.
    """
    for served in definition["spec"].get("versions") or []:
        schema = (served.get("schema") or {}).get("openAPIV3Schema") or {}
        locks = _below(schema, "spec", "synchronization")
        if "pendingTimeout" in (_below(schema, "spec").get("templates") or {}).get("items", {}).get("properties", {}):
            return Version(4, 1, _SOME)
        if "mutexes" in locks:
            return Version(3, 6, _SOME) if "mutex" in locks else Version(4, 0, _SOME)
        if "mutex" in locks:
            return Version(3, 5, _SOME)
    return None


def _below(schema: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    for name in path:
        schema = (schema.get("properties") or {}).get(name) or {}
    return schema.get("properties") or {}


def controllers(client: Client, namespace: str) -> list[tuple[dict[str, Any], dict[str, Any]]] | None:
    """Return the Deployments of controllers, each with its container, that which most likely serves a namespace first.

    That is its own, then that in `argo`. None where no Deployments can be read.
    """
    for namespaces in ((None,), (namespace, "argo")):
        found: list[dict[str, Any]] = []
        readable = False
        for place in dict.fromkeys(namespaces):
            try:
                found += client.list("apps/v1", "Deployment", place).items
            except (ApiError, UnknownKind):
                continue  # a right that we lack is no reason not to submit
            readable = True
        if readable:
            return sorted(_running(found), key=lambda pair: _distance(pair[0], namespace))
    return None


def _running(deployments: Iterable[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for deployment in deployments:
        for container in deployment["spec"]["template"]["spec"].get("containers") or []:
            if _is_controller(container):
                yield deployment, container


def _distance(deployment: Mapping[str, Any], namespace: str) -> int:
    home = deployment["metadata"].get("namespace")
    return (namespace, "argo").index(home) if home in (namespace, "argo") else 2


def _is_controller(container: Mapping[str, Any]) -> bool:
    program = (container.get("command") or [""])[0].rpartition("/")[2]
    image = str(container.get("image", "")).rpartition("/")[2].partition("@")[0].partition(":")[0]
    return _CONTROLLER in (program, image)


def _of_definition(client: Client) -> Version | None:
    try:
        definition = client.get(_DEFINITION)
    except (ApiError, UnknownKind):
        return None
    return of_schema(definition) if definition is not None else None
