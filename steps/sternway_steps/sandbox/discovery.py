"""The discovery documents: which groups, versions and kinds are served."""

from __future__ import annotations

from typing import Any

from .api import Api
from .kinds import SHORT, VERBS, Kind
from .status import StatusError

_VERSION = {"major": "1", "minor": "34", "gitVersion": "v1.34.0+sandbox", "platform": "linux/amd64"}


def discover(api: Api, path: str, accept: str) -> dict[str, Any] | None:
    """Return the document of a discovery path, or None when the path is another one."""
    if path == "/version":
        return _VERSION
    if path == "/api":
        return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}
    kinds = api.kinds()
    elsewhere = _elsewhere(api)
    if path == "/apis":
        return _groups(kinds, elsewhere)
    if any(f"{path}/".startswith(f"/apis/{group}/{version}/") for group, version in elsewhere):
        raise StatusError(503, "ServiceUnavailable", "the server is currently unable to handle the request")
    for group in _groups(kinds, elsewhere)["groups"]:
        if path == f"/apis/{group['name']}":
            return {"kind": "APIGroup", "apiVersion": "v1", **group}
    version = path.removeprefix("/apis/") if path.startswith("/apis/") else path.removeprefix("/api/")
    if path == f"/apis/{version}" or path == f"/api/{version}":
        found = [k for k in kinds if k.api_version == version]
        if found:
            return {
                "kind": "APIResourceList",
                "apiVersion": "v1",
                "groupVersion": version,
                "resources": _resources(found),
            }
    del accept  # the aggregated form is not offered: clients fall back to this one
    return None


def _elsewhere(api: Api) -> list[tuple[str, str]]:
    """Return the groups and versions of APIServices, of which this server has no backend."""
    specs = [service["spec"] for service in api.store.all(("apiregistration.k8s.io", "APIService"))]
    return [(spec["group"], spec["version"]) for spec in specs if spec.get("service")]


def _groups(kinds: list[Kind], elsewhere: list[tuple[str, str]]) -> dict[str, Any]:
    groups: dict[str, list[str]] = {"authorization.k8s.io": ["v1"]}
    for group, version in [*((kind.group, kind.version) for kind in kinds), *elsewhere]:
        if group and version not in groups.setdefault(group, []):
            groups[group].append(version)
    entries = []
    for group, versions in groups.items():
        listed = [{"groupVersion": f"{group}/{v}", "version": v} for v in versions]
        entries.append({"name": group, "versions": listed, "preferredVersion": listed[0]})
    return {
        "kind": "APIGroupList",
        "apiVersion": "v1",
        "groups": [e for e in entries if e["name"] != "authorization.k8s.io"],
    }


def _resources(kinds: list[Kind]) -> list[dict[str, Any]]:
    out = []
    for kind in kinds:
        base = {"singularName": kind.kind.lower(), "namespaced": kind.namespaced, "kind": kind.kind}
        short = {"shortNames": [SHORT[kind.kind]]} if kind.kind in SHORT else {}
        out.append({"name": kind.plural, **base, **short, "verbs": VERBS})
        out += [
            {"name": f"{kind.plural}/{sub}", **base, "verbs": ["get", "patch", "update"]} for sub in kind.subresources
        ]
    return out
