"""What may create Secrets and ConfigMaps that do not exist yet: objects of the run, and operators' objects."""

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
    """The objects of the run, and operators' objects of each namespace in which something was missing."""

    def __init__(self, client: Client, objects: Iterable[Mapping[str, Any]]) -> None:
        self._client = client
        self._found = list(objects)
        self._looked: set[str | None] = set()

    def all(self) -> list[Mapping[str, Any]]:
        """Return those known so far."""
        return self._found

    def look(self, verdicts: Mapping[Ref, Verdict]) -> bool:
        """Search the namespaces of which an object is missing, each once; return whether anything new was found."""
        namespaces = {ref.namespace for ref, verdict in verdicts.items() if verdict.cause and verdict.cause.wants}
        before = len(self._found)
        for namespace in sorted(namespaces - self._looked, key=str):
            self._looked.add(namespace)
            for api_version, kind in _OPERATORS:
                self._found += self._list(api_version, kind, namespace)
        return len(self._found) > before

    def _list(self, api_version: str, kind: str, namespace: str | None) -> list[dict[str, Any]]:
        """List a kind; return [] where it is not served or may not be read, so that only `grace.config` is waited."""
        try:
            listed = self._client.list(api_version, kind, namespace).items
        except (ApiError, UnknownKind):
            return []
        return [{"apiVersion": api_version, "kind": kind, **obj} for obj in listed]
