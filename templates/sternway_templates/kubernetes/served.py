"""What a cluster tells of the kinds that a configuration deploys: their resource, and whether they have namespaces.

Only kinds that are not Kubernetes' own are asked for, nor those whose definition is deployed along: a configuration
without any is generated alike wherever that is done.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sternway_steps.config import Config
from sternway_steps.config.selection import taken
from sternway_steps.errors import ClusterError, SternwayError
from sternway_steps.kube.client import Client
from sternway_steps.kube.discovery import Discovery, Resource, UnknownKind
from sternway_steps.objects.kinds import defined

_PATIENCE = 5.0
"""Seconds for an answer: without a cluster it is guessed, and said."""
_OWN = frozenset({
    "", "admissionregistration.k8s.io", "apiextensions.k8s.io", "apiregistration.k8s.io", "apps",
    "authentication.k8s.io", "authorization.k8s.io", "autoscaling", "batch", "certificates.k8s.io",
    "coordination.k8s.io", "discovery.k8s.io", "events.k8s.io", "flowcontrol.apiserver.k8s.io",
    "internal.apiserver.k8s.io", "networking.k8s.io", "node.k8s.io", "policy", "rbac.authorization.k8s.io",
    "resource.k8s.io", "scheduling.k8s.io", "storage.k8s.io", "storagemigration.k8s.io",
})  # fmt: skip
_WIDE = frozenset({
    "APIService", "CSIDriver", "CSINode", "CertificateSigningRequest", "ClusterRole", "ClusterRoleBinding",
    "ClusterTrustBundle", "ComponentStatus", "CustomResourceDefinition", "DeviceClass", "DeviceTaintRule", "FlowSchema",
    "IPAddress", "IngressClass", "MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding",
    "MutatingWebhookConfiguration", "Namespace", "Node", "PersistentVolume", "PriorityClass",
    "PriorityLevelConfiguration", "ResourceSlice", "RuntimeClass", "SelfSubjectAccessReview", "SelfSubjectReview",
    "SelfSubjectRulesReview", "ServiceCIDR", "StorageClass", "StorageVersion", "StorageVersionMigration",
    "SubjectAccessReview", "TokenReview", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration", "VolumeAttachment", "VolumeAttributesClass",
})  # fmt: skip
Served = Mapping[tuple[str, str], Resource]
"""By API version and kind."""
NOT_ASKED: Served = MappingProxyType({})
"""What is known without a cluster."""


def plural_of(kind: str) -> str:
    """Return the resource of a kind by the rules of English, as the makers of definitions do."""
    name = kind.lower()
    if name == "endpoints":
        return name
    if name.endswith(("s", "x", "z", "ch", "sh")):
        return f"{name}es"
    return f"{name[:-1]}ies" if name.endswith("y") and name[-2:-1] not in "aeiou" else f"{name}s"


def is_wide(api_version: str, kind: str) -> bool:
    """Return whether a kind of Kubernetes itself is in no namespace."""
    return api_version.rpartition("/")[0] in _OWN and kind in _WIDE


def foreign_kinds(config: Config) -> list[tuple[str, str]]:
    """Return the kinds that only a cluster can tell of, as API version and kind."""
    objects = [manifest.obj for manifest in (*taken(config), *config.hooks)]
    coming = defined(manifest.obj for manifest in config.manifests)
    found = dict.fromkeys((obj["apiVersion"], obj["kind"]) for obj in objects)
    groups = {version: version.rpartition("/")[0] for version, _ in found}
    return [(v, kind) for v, kind in found if groups[v] not in _OWN and (groups[v], kind) not in coming]


def ask(config: Config, kubeconfig: str | None, context: str | None) -> tuple[Served, list[str]]:
    """Ask the cluster, if there is one; return what it serves, and a sentence for each kind that had to be guessed."""
    wanted = foreign_kinds(config)
    if not wanted or config.argo.service_account:
        return {}, []
    client = Client.connect(kubeconfig, context)
    discovery = Discovery(lambda path: client.raw("GET", path, timeout=_PATIENCE))
    served: dict[tuple[str, str], Resource] = {}
    guessed: list[str] = []
    away = ""
    try:
        for version, kind in wanted:
            why = away
            try:
                if not away:
                    served[version, kind] = discovery.find(version, kind)
            except UnknownKind:
                why = "the cluster does not serve it"
            except (ClusterError, SternwayError) as error:  # it is not asked again
                why = away = f"no cluster could be asked ({str(error).splitlines()[0]})"
            if why:
                guessed.append(_guess(version, kind, why))
    finally:
        client.close()
    return served, guessed


def _guess(version: str, kind: str, why: str) -> str:
    name = f"{plural_of(kind)}.{version.rpartition('/')[0]}"
    return (
        f"{kind} of {version}: {why}, so the Role is for {name} in a namespace; if `kubectl api-resources` says "
        "otherwise, generate it where the cluster answers, or deploy the definition along"
    )
