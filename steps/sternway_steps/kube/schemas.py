"""The server's OpenAPI schema of a kind, from which the shape of its objects is read."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from ..objects.shape import Schema
from .api_error import ApiError


class Schemas:
    """A cache of the schemas of each group and version, filled when one is asked for. Thread-safe.

    A kind that is missing is asked for again: the server publishes the schema of a CustomResourceDefinition some time
    after it serves the kind. Source: "OpenAPI V3" in the Kubernetes documentation.
    """

    def __init__(self, get: Callable[[str], dict[str, Any]]) -> None:
        self._get = get
        self._lock = threading.Lock()
        self._known: dict[str, Mapping[str, Any]] = {}

    def find(self, api_version: str, kind: str) -> Schema | None:
        """Return the schema of a kind; None when it can't be had, and managedFields have to tell."""
        with self._lock:
            schema = _schema(self._known.get(api_version, {}), api_version, kind)
            if schema is None:
                self._known[api_version] = self._ask(api_version)
                schema = _schema(self._known[api_version], api_version, kind)
        return schema

    def forget(self) -> None:
        """Empty the cache, after a CustomResourceDefinition was added or changed."""
        with self._lock:
            self._known.clear()

    def _ask(self, api_version: str) -> Mapping[str, Any]:
        path = f"apis/{api_version}" if "/" in api_version else f"api/{api_version}"
        try:
            return dict(self._get(f"/openapi/v3/{path}")["components"]["schemas"])
        except (ApiError, LookupError, TypeError):
            return {}


def _schema(nodes: Mapping[str, Any], api_version: str, kind: str) -> Schema | None:
    group, _, version = api_version.rpartition("/")
    wanted = {"group": group, "version": version, "kind": kind}
    for node in nodes.values():
        if wanted in (node.get("x-kubernetes-group-version-kind") or []):
            return Schema(node, nodes)
    return None
