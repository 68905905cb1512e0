"""What may bring Secrets and ConfigMaps that are not there yet: objects of the run, and operators' in the cluster."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ..kube.api_error import ApiError
from ..kube.discovery import UnknownKind
from ..objects.ref import Ref
from .diagnose import Verdict

if TYPE_CHECKING:
    from ..kube.client import Client

_OPERATORS = (
    ("external-secrets.io/v1", "ExternalSecret"),
    ("external-secrets.io/v1beta1", "ExternalSecret"),
    ("bitnami.com/v1alpha1", "SealedSecret"),
)


class Suppliers:
    """Objects of the run, and operators' objects of a namespace once something is found missing in it."""

    def __init__(self, client: Client, objects: Iterable[Mapping[str, Any]]) -> None:
        self._client = client
        self._found = list(objects)
        self._looked: set[str | None] = set()

    def all(self) -> list[Mapping[str, Any]]:
        """Give those known so far."""
        return self._found

    def look(self, verdicts: Mapping[Ref, Verdict]) -> bool:
        """Ask the cluster for those of the namespaces where something is missing, once; tells whether any came."""
        places = {ref.namespace for ref, verdict in verdicts.items() if verdict.cause and verdict.cause.wants}
        before = len(self._found)
        for namespace in sorted(places - self._looked, key=str):
            self._looked.add(namespace)
            for api_version, kind in _OPERATORS:
                self._found += self._list(api_version, kind, namespace)
        return len(self._found) > before

    def _list(self, api_version: str, kind: str, namespace: str | None) -> list[dict[str, Any]]:
        """List them; where they are not served, or not for us to read, `grace.config` is all that there is."""
        try:
            listed = self._client.list(api_version, kind, namespace).items
        except (ApiError, UnknownKind):
            return []
        return [{"apiVersion": api_version, "kind": kind, **obj} for obj in listed]
