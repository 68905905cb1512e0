"""What happens on the server besides the product: who made the objects, and what third parties do to them."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from sternway_steps.kube.api_error import ApiError
from sternway_steps.kube.client import Client
from sternway_steps.objects.ref import Ref

from .edits import edited, look
from .history import BY_TOOLS, Act
from .shapes import ABSENT

RUN = "sternway.dev/run"
STATUS: Mapping[str, Any] = {
    "Ingress": {"loadBalancer": {"ingress": [{"ip": "10.9.9.9"}]}},
    "CronJob": {"lastSuccessfulTime": "2026-01-01T00:00:00Z"},
}
"""What is written into the status of those that no controller here writes."""

_LAST = "kubectl.kubernetes.io/last-applied-configuration"


def make(client: Client, base: str, obj: dict[str, Any]) -> None:
    """Make the object as somebody else does."""
    if base == "apply":
        client.apply(obj, manager="argocd", force=True, strict=False)
        return
    if base == "old":
        notes = {**(obj["metadata"].get("annotations") or {}), RUN: "old"}
        client.apply({**obj, "metadata": {**obj["metadata"], "annotations": notes}}, manager="sternway", strict=False)
        return
    notes = {**(obj["metadata"].get("annotations") or {}), _LAST: json.dumps(obj)}
    client.create({**obj, "metadata": {**obj["metadata"], "annotations": notes}}, manager="kubectl-client-side-apply")


def act(client: Client, ref: Ref, one: Act, fresh: Mapping[str, Any]) -> str:
    """Do what a third party does; gives why it could not, or "". `fresh` is what it creates."""
    for _ in range(8):
        try:
            return _act(client, ref, one, fresh)
        except ApiError as error:
            if error.status != 409 or "object has been modified" not in str(error):
                return str(error)
    return "it changes too fast"


def _act(client: Client, ref: Ref, one: Act, fresh: Mapping[str, Any]) -> str:
    live = client.get(ref)
    if one.how in ("recreate", "delete", "vanish"):
        let_go(client, ref, live)
    if one.how in ("appear", "recreate") and (live is None or one.how == "recreate"):
        if live is not None:
            client.delete(ref, uid=None, propagation="Background")
            wait_until_deleted(client, ref, live["metadata"]["uid"])
        client.create(dict(fresh), manager=one.who)
        return ""
    if one.how == "appear":
        return "it is there already: the run was quicker"
    if live is None:
        return "it is not there"
    if one.how in ("delete", "vanish"):
        client.delete(ref, uid=None, propagation="Background")
        wait_until_deleted(client, ref, live["metadata"]["uid"])
    elif one.how == "scale":
        client.patch(ref, {"spec": {"replicas": one.edits[0].value}}, manager=one.who, subresource="scale")
    elif one.how in BY_TOOLS:
        _by_tool(client, ref, one, live, edited(dict(fresh), one.edits))
    elif one.how == "unstamp":
        client.patch(ref, {"metadata": {"annotations": {RUN: None}}}, manager=one.who)
    else:
        _write(client, ref, one, live)
    return ""


def _by_tool(client: Client, ref: Ref, one: Act, live: Mapping[str, Any], wanted: dict[str, Any]) -> None:
    if one.how == "adopt":
        client.apply(wanted, manager=one.who, force=True, strict=False)
    elif one.how == "replace":
        version = {"resourceVersion": live["metadata"]["resourceVersion"]}
        client.replace({**wanted, "metadata": {**wanted["metadata"], **version}}, manager=one.who)
    elif one.how == "strip":
        client.patch(ref, {"metadata": {"managedFields": [{}]}}, manager=one.who)
    else:
        client.patch(ref, {"status": STATUS.get(ref.kind, {})}, manager=one.who, subresource="status")


def let_go(client: Client, ref: Ref, live: Mapping[str, Any] | None) -> None:
    """Take the finalizers off an object that is about to be deleted, as those do whose they are."""
    if live is not None and live["metadata"].get("finalizers"):
        client.patch(ref, {"metadata": {"finalizers": None}}, manager="finalizer")


def _write(client: Client, ref: Ref, one: Act, live: dict[str, Any]) -> None:
    wanted = edited(live, one.edits)
    if one.how == "update":
        client.replace(wanted, manager=one.who)
    elif one.how == "patch":
        client.patch(ref, _patch(live, wanted), manager=one.who)
    else:
        metadata = {k: v for k, v in live["metadata"].items() if k in ("name", "namespace")}
        partial: dict[str, Any] = {"apiVersion": ref.api_version, "kind": ref.kind, "metadata": metadata}
        for edit in one.edits:
            path = (*edit.path, edit.value[2]) if edit.what == "add" else edit.path
            path = (*path[:-1], edit.value) if edit.what == "rename" else path
            _copy(wanted, partial, path)
        client.apply(partial, manager=one.who, force=True, strict=False)


def _copy(source: Any, into: Any, path: tuple[Any, ...]) -> None:
    """Copy what is at a path, and of what is above it no more than the keys that name it."""
    if look(source, path) is ABSENT:
        return
    for number, part in enumerate(path):
        source = look(source, (part,))
        last = number == len(path) - 1
        if isinstance(part, tuple):
            there = look(into, (part,))
            if there is ABSENT:
                there = dict(source) if last else dict(part)
                into.append(there)
            into = there
        elif last:
            into[part] = source
        else:
            into = into.setdefault(part, [] if isinstance(source, list) else {})


def _patch(old: Any, new: Any) -> Any:
    """Give the JSON merge patch from one to the other."""
    out: dict[str, Any] = {k: None for k in old if k not in new}
    for name, value in new.items():
        was = old.get(name, ABSENT)
        if was is not ABSENT and was == value:
            continue
        both = isinstance(was, dict) and isinstance(value, dict)
        out[name] = _patch(was, value) if both else value
    return out


def wait_until_deleted(client: Client, ref: Ref, uid: str) -> None:
    """Wait until an object is gone."""
    _until(lambda: ((client.get(ref) or {}).get("metadata") or {}).get("uid") != uid)


def await_later(client: Client, objects: Sequence[Mapping[str, Any]]) -> None:
    """Wait until a write gets another time than objects have in their managedFields: the server notes seconds."""
    last = max((e.get("time", "") for one in objects for e in one["metadata"].get("managedFields") or []), default="")
    probe = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "probe", "namespace": "default"}}
    _until(lambda: client.create(probe, manager="test", dry_run=True)["metadata"]["creationTimestamp"] > last)


def await_told(client: Client, api_version: str) -> None:
    """Wait until the server tells the schema of a group that it serves, if it tells schemas at all."""

    def told() -> bool:
        try:
            return f"apis/{api_version}" in client.raw("GET", "/openapi/v3")["paths"]
        except ApiError as error:
            return error.status == 404

    _until(told)


def await_observed(client: Client, ref: Ref) -> None:
    """Wait until the controller has seen a workload, so that it writes no more by itself."""
    if ref.kind not in ("Deployment", "StatefulSet", "DaemonSet"):
        return

    def seen() -> bool:
        obj = client.get(ref)
        return obj is None or (obj.get("status") or {}).get("observedGeneration", 0) >= obj["metadata"]["generation"]

    _until(seen)


def _until(holds: Any) -> None:
    end = time.monotonic() + 30
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError("the cluster did not do what was waited for")
        time.sleep(0.02)
