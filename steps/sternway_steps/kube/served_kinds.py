"""Everything that a server serves: every kind in every version, in one request where the server can do that.

An API group of somebody else can be down (an APIService whose backend is gone) or forbidden; such a group is named and
skipped, and does not hold up the others.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .api_error import ApiError
from .discovery import Resource, parse_resource_list
from .parallel import run_parallel

if TYPE_CHECKING:
    from .client import Client

_TIMEOUT = 10.0
"""Seconds that one answer may take; the server itself waits longer for a backend that is silent."""
_TRIES, _PAUSE = 3, 0.2
_JSON = "application/json"
_AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"


def served_resources(client: Client) -> tuple[list[Resource], list[str]]:
    """Return all that is served, preferred versions first, and the versions that can't be read now, each with why."""
    resources: list[Resource] = []
    unseen: list[str] = []
    for path in ("/api", "/apis"):
        answer = get_json(client, path, accept=_AGGREGATED)
        if answer.get("kind") != "APIGroupDiscoveryList":  # a server that has it not: one document a version
            versions = answer.get("versions") or _versions(answer)
            for resources_of_version in run_parallel(lambda version: _resources(client, version), versions):
                if isinstance(resources_of_version, str):
                    unseen.append(resources_of_version)
                else:
                    resources += resources_of_version
            continue
        for group in answer["items"]:
            for version in group["versions"]:
                name = "/".join(part for part in (group["metadata"].get("name"), version["version"]) if part)
                if version.get("freshness") == "Stale":
                    unseen.append(f"{name} (down)")
                resources += [_resource(name, one) for one in version.get("resources") or []]
    return resources, unseen


def _resource(version: str, one: Mapping[str, Any]) -> Resource:
    kind = (one.get("responseKind") or {}).get("kind", "")
    return Resource(version, kind, one["resource"], one["scope"] == "Namespaced", tuple(one["verbs"]))


def _versions(groups: Mapping[str, Any]) -> list[str]:
    """Return all versions of all API groups, the preferred one of each group first."""
    versions: list[str] = []
    for group in groups["groups"]:
        others = (version["groupVersion"] for version in group["versions"])
        versions += dict.fromkeys([group["preferredVersion"]["groupVersion"], *others])
    return versions


def _resources(client: Client, version: str) -> list[Resource] | str:
    try:
        answer = get_json(client, f"/apis/{version}" if "/" in version else f"/api/{version}")
    except ApiError as error:
        return [] if error.not_found else f"{version} ({describe_failure(error)})"
    return parse_resource_list(version, answer)


def get_json(client: Client, path: str, query: Mapping[str, str] | None = None, accept: str = _JSON) -> dict[str, Any]:
    """Return the JSON at a path, tried a few times with a short timeout: another's backend may be down."""
    for _ in range(_TRIES - 1):
        try:
            return _get_json_once(client, path, query, accept)
        except ApiError as error:
            if not error.transient:
                raise
            time.sleep(_PAUSE)
    return _get_json_once(client, path, query, accept)


def _get_json_once(client: Client, path: str, query: Mapping[str, str] | None, accept: str) -> dict[str, Any]:
    headers = {"Accept": accept}
    _, _, answer = client.transport.request("GET", path, query=query, headers=headers, timeout=_TIMEOUT)
    return dict(json.loads(answer))


def describe_failure(error: ApiError) -> str:
    """Return in a few words why something could not be read."""
    return "not allowed to look" if error.forbidden else f"{error.status or 'no answer'} {error.reason}".strip()
