"""The server's own schema of a kind, from which the shape of its objects is read."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from ..objects.shape import Schema
from .api_error import ApiError


class Schemas:
    """Asks once for each group and version that is needed, and remembers what it was told. Thread-safe.

    A kind that is not told of is asked for again: the server tells of a definition some time after it serves it.

    Source: "OpenAPI V3" in the Kubernetes documentation; definitions of custom resources are among them.
    """

    def __init__(self, get: Callable[[str], dict[str, Any]]) -> None:
        self._get = get
        self._lock = threading.Lock()
        self._known: dict[str, Mapping[str, Any]] = {}

    def find(self, api_version: str, kind: str) -> Schema | None:
        """Give the schema of a kind; None when it can't be had, and managedFields have to tell."""
        with self._lock:
            found = _schema(self._known.get(api_version, {}), api_version, kind)
            if found is None:
                self._known[api_version] = self._ask(api_version)
                found = _schema(self._known[api_version], api_version, kind)
        return found

    def forget(self) -> None:
        """Ask anew next time: a definition was added or changed."""
        with self._lock:
            self._known.clear()

    def _ask(self, api_version: str) -> Mapping[str, Any]:
        path = f"apis/{api_version}" if "/" in api_version else f"api/{api_version}"
        try:
            return dict(self._get(f"/openapi/v3/{path}")["components"]["schemas"])
        except (ApiError, LookupError, TypeError):
            return {}


def _schema(known: Mapping[str, Any], api_version: str, kind: str) -> Schema | None:
    group, _, version = api_version.rpartition("/")
    wanted = {"group": group, "version": version, "kind": kind}
    for node in known.values():
        if wanted in (node.get("x-kubernetes-group-version-kind") or []):
            return Schema(node, known)
    return None
