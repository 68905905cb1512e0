"""All objects of a namespace or the cluster, as far as they can be listed: names and owners only.

An API group of somebody else can be down (an APIService whose backend is gone) or forbidden; such a group is named and
skipped, and does not hold up the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..kube.api_error import ApiError
from ..kube.discovery import Resource
from ..kube.parallel import run_parallel
from ..kube.served_kinds import describe_failure, get_json, served_resources
from ..objects.ref import Ref

if TYPE_CHECKING:
    from ..kube.client import Client

_PAGE = "500"
_BRIEF = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"


@dataclass(frozen=True)
class ListedObject:
    """One object: its name, and its metadata without field owners."""

    ref: Ref
    metadata: Mapping[str, Any]

    @property
    def uid(self) -> str:
        """The UID."""
        return str(self.metadata["uid"])


@dataclass(frozen=True)
class Survey:
    """The objects that were listed, and what could not be listed: an API group or a resource, with the reason."""

    objects: tuple[ListedObject, ...]
    unseen: tuple[str, ...]

    def of_owner(self, uid: str) -> list[ListedObject]:
        """Return what has an owner of that UID."""
        return [one for one in self.objects if any(o["uid"] == uid for o in one.metadata.get("ownerReferences") or [])]


def survey(client: Client, namespace: str | None) -> Survey:
    """List every object of a namespace; with None, every object of the cluster, in namespaces and outside."""
    resources, unseen = served_resources(client)
    wanted = [r for r in resources if "list" in r.verbs and (r.namespaced or namespace is None)]
    return _looked(client, wanted, namespace, unseen)


def instances(client: Client, definition: Mapping[str, Any]) -> Survey:
    """List every object of a CustomResourceDefinition; discovery may not know it yet, or no longer."""
    spec = definition["spec"]
    served = [version["name"] for version in spec["versions"] if version.get("served")]
    plural, kind, namespaced = spec["names"]["plural"], spec["names"]["kind"], spec.get("scope") == "Namespaced"
    return _looked(
        client, [Resource(f"{spec['group']}/{v}", kind, plural, namespaced, ("list",)) for v in served[:1]], None, ()
    )


def _looked(client: Client, resources: Iterable[Resource], namespace: str | None, unseen: Iterable[str]) -> Survey:
    once: dict[tuple[str, str], Resource] = {}  # all versions of a kind show the same objects
    for resource in resources:
        once.setdefault((resource.group, resource.plural), resource)
    found = run_parallel(lambda one: _list(client, one, namespace), once.values())
    objects = [seen for listed in found if not isinstance(listed, str) for seen in listed]
    return Survey(tuple(objects), (*unseen, *(listed for listed in found if isinstance(listed, str))))


def _list(client: Client, resource: Resource, namespace: str | None) -> list[ListedObject] | str:
    try:
        return [
            ListedObject(_ref(resource, item), item["metadata"]) for item in _items(client, resource.path(namespace))
        ]
    except ApiError as error:
        if error.status in (404, 405):  # gone meanwhile, or it only says that it can be listed
            return []
        name = f"{resource.plural}.{resource.group}" if resource.group else resource.plural
        return f"{name} ({describe_failure(error)})"


def _items(client: Client, path: str) -> Iterator[Mapping[str, Any]]:
    query = {"limit": _PAGE}
    while True:
        page = get_json(client, path, query, _BRIEF)
        yield from page.get("items") or []
        token = page["metadata"].get("continue")
        if not token:
            return
        query["continue"] = token


def _ref(resource: Resource, item: Mapping[str, Any]) -> Ref:
    metadata = item["metadata"]
    return Ref(resource.api_version, resource.kind, metadata.get("namespace"), metadata["name"])
