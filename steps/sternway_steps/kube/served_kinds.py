"""All that a server offers: every kind in every version, in one request where the server can.

Others' API groups can be down (an APIService whose backend is gone) or forbidden; they are named and passed over, and
hold nobody up.
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
    """Give all that is served, preferred versions first, and the versions that do not say now what they serve."""
    resources: list[Resource] = []
    unseen: list[str] = []
    for path in ("/api", "/apis"):
        answer = get_json(client, path, accept=_AGGREGATED)
        if answer.get("kind") != "APIGroupDiscoveryList":  # a server that has it not: one document a version
            versions = answer.get("versions") or _versions(answer)
            for found in run_parallel(lambda version: _resources(client, version), versions):
                if isinstance(found, str):
                    unseen.append(found)
                else:
                    resources += found
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
    """Give all versions of all API groups, the preferred one of each group first."""
    found: list[str] = []
    for group in groups["groups"]:
        others = (version["groupVersion"] for version in group["versions"])
        found += dict.fromkeys([group["preferredVersion"]["groupVersion"], *others])
    return found


def _resources(client: Client, version: str) -> list[Resource] | str:
    try:
        answer = get_json(client, f"/apis/{version}" if "/" in version else f"/api/{version}")
    except ApiError as error:
        return [] if error.not_found else f"{version} ({describe_failure(error)})"
    return parse_resource_list(version, answer)


def get_json(client: Client, path: str, query: Mapping[str, str] | None = None, accept: str = _JSON) -> dict[str, Any]:
    """Read JSON; what others serve and is down is not waited for as the server itself is."""
    for _ in range(_TRIES - 1):
        try:
            return _get_json_once(client, path, query, accept)
        except ApiError as error:
            if not error.transient:
                raise
            time.sleep(_PAUSE)
    return _get_json_once(client, path, query, accept)


def _get_json_once(client: Client, path: str, query: Mapping[str, str] | None, accept: str) -> dict[str, Any]:
    asked = {"Accept": accept}
    _, _, answer = client.transport.request("GET", path, query=query, headers=asked, timeout=_TIMEOUT, once=True)
    return dict(json.loads(answer))


def describe_failure(error: ApiError) -> str:
    """Say in a few words why something could not be looked at."""
    return "not allowed to look" if error.forbidden else f"{error.status or 'no answer'} {error.reason}".strip()
