"""Which kinds the API server serves, and under which path."""

from __future__ import annotations

import difflib
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from ..errors import ClusterError
from .api_error import ApiError


class UnknownKind(ClusterError):
    """The server does not serve this kind; the message names the nearest one."""


@dataclass(frozen=True)
class Resource:
    """A kind as the server serves it."""

    api_version: str
    kind: str
    plural: str
    namespaced: bool
    verbs: tuple[str, ...]
    has_status: bool = False
    """It has a /status subresource, so a controller writes its status."""

    @property
    def group(self) -> str:
        """The API group, "" for the core group."""
        return self.api_version.rpartition("/")[0]

    def path(self, namespace: str | None, name: str = "", subresource: str = "") -> str:
        """Return the path of an object, or of the collection without a name; RBAC allows any name but / and %.

        Raises: ApiError for a name or namespace that would be the path of something else, as a journal may hold it.
        """
        parts = [*(("namespaces", namespace) if self.namespaced and namespace else ()), self.plural, name, subresource]
        base = f"/apis/{self.api_version}" if self.group else f"/api/{self.api_version}"
        for part in parts:
            if part in (".", "..") or "/" in part:
                raise ApiError("GET", base, 400, "BadRequest", f"{part!r} is no name of a {self.kind}")
        return base + "".join(f"/{quote(part, ':@')}" for part in parts if part)


_VERSION = re.compile(r"(?:[a-z0-9](?:[-.a-z0-9]*[a-z0-9])?/)?[a-z0-9][-a-z0-9]*")
_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
_LEASES = "coordination.k8s.io/v1"
_EVERYWHERE = {(_LEASES, "Lease"): Resource(_LEASES, "Lease", "leases", True, _VERBS)}
"""What locks are made of: every server has it, so a step's process need not ask. It has read the journal by then."""


class Discovery:
    """A cache of the kinds of each group and version, filled when one is asked for. Thread-safe."""

    def __init__(self, get: Callable[[str], dict[str, Any]]) -> None:
        self._get = get
        self._lock = threading.Lock()
        self._known: dict[str, dict[str, Resource]] = {}

    def find(self, api_version: str, kind: str) -> Resource:
        """Return a kind; raise UnknownKind."""
        if (api_version, kind) in _EVERYWHERE:
            return _EVERYWHERE[api_version, kind]
        with self._lock:
            if api_version not in self._known:
                self._known[api_version] = self._ask(api_version)
            kinds = self._known[api_version]
        if kind in kinds:
            return kinds[kind]
        near = difflib.get_close_matches(kind, kinds, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise UnknownKind(f"the server has no kind {kind} in {api_version}{hint}")

    def versions(self, group: str) -> tuple[str, ...]:
        """Return the versions in which a group is served now, as GROUP/VERSION, the preferred one first."""
        if not group:
            return ("v1",)
        try:
            answer = self._get(f"/apis/{group}")
        except ApiError as error:
            if error.not_found:
                return ()
            raise
        served = (version["groupVersion"] for version in answer["versions"])
        return tuple(dict.fromkeys([answer["preferredVersion"]["groupVersion"], *served]))

    def forget(self) -> None:
        """Empty the cache, after a CustomResourceDefinition was added or removed."""
        with self._lock:
            self._known.clear()

    def _ask(self, api_version: str) -> dict[str, Resource]:
        if not _VERSION.fullmatch(api_version):
            return {}
        try:
            answer = self._get(f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}")
        except ApiError as error:
            if error.not_found:
                return {}
            raise
        return {resource.kind: resource for resource in parse_resource_list(api_version, answer)}


def parse_resource_list(api_version: str, answer: Mapping[str, Any]) -> list[Resource]:
    """Return the kinds of an APIResourceList."""
    entries = answer.get("resources") or ()  # what is no version answers something else
    names = {entry["name"] for entry in entries}
    return [
        Resource(
            api_version,
            entry["kind"],
            entry["name"],
            entry["namespaced"],
            tuple(entry["verbs"]),
            f"{entry['name']}/status" in names,
        )
        for entry in entries
        if "/" not in entry["name"]
    ]
