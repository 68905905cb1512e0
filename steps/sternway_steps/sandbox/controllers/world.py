"""The API as controllers use it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from ..api import Api, WriteOptions
from ..identity import now
from ..status import StatusError
from ..store import copy

Obj = dict[str, Any]
MANAGER = "kube-controller-manager"


class World:
    """The API as controllers use it."""

    def __init__(self, api: Api) -> None:
        self.api = api

    def all(self, api_version: str, kind: str, namespace: str | None = None) -> list[Obj]:
        """Return all objects of a kind."""
        group = api_version.rpartition("/")[0]
        return self.api.store.all((group, kind), namespace)

    def find(self, api_version: str, kind: str, namespace: str, name: str) -> Obj | None:
        """Return an object, or None."""
        return self.api.store.get((api_version.rpartition("/")[0], kind), namespace, name)

    def owned(self, api_version: str, kind: str, owner: Mapping[str, Any]) -> list[Obj]:
        """Return the objects that have this owner, oldest first."""
        uid, namespace = owner["metadata"]["uid"], owner["metadata"].get("namespace", "")
        found = [
            o
            for o in self.all(api_version, kind, namespace)
            if any(r["uid"] == uid for r in o["metadata"].get("ownerReferences") or [])
        ]
        return sorted(found, key=lambda o: int(o["metadata"]["resourceVersion"]))

    def adopt(self, api_version: str, kind: str, owner: Obj) -> None:
        """Make an owner the controller of what its selector selects and no other controller has."""
        wanted = (owner["spec"].get("selector") or {}).get("matchLabels") or {}
        for found in self.all(api_version, kind, owner["metadata"]["namespace"]) if wanted else ():
            meta = found["metadata"]
            owners = meta.get("ownerReferences") or []
            selected = wanted.items() <= (meta.get("labels") or {}).items()
            if selected and not meta.get("deletionTimestamp") and not any(o.get("controller") for o in owners):
                self.update(found, metadata={**meta, "ownerReferences": [*owners, owner_reference(owner)]})

    def create(self, obj: Obj) -> Obj:
        """Create an object."""
        kind = self.api.kind_of(obj["apiVersion"], obj["kind"])
        return self.api.create(kind, obj["metadata"].get("namespace", ""), obj, WriteOptions(MANAGER))

    def update(self, obj: Obj, **fields: Any) -> None:
        """Write top-level fields of an object, if they differ; an object that is gone is ignored."""
        if all(obj.get(name) == value for name, value in fields.items()):
            return
        self._write(obj, {**obj, **copy(fields)}, "")

    def set_status(self, obj: Obj, status: Mapping[str, Any]) -> None:
        """Write the status, if it differs."""
        if obj.get("status") != status:
            self._write(obj, {**obj, "status": copy(status)}, "status")

    def set_note(self, obj: Obj, key: str, value: str) -> None:
        """Write an annotation together with the status, as the Deployment controller does its revision."""
        metadata = obj["metadata"]
        notes = {**(metadata.get("annotations") or {}), key: value}
        self._write(obj, {**obj, "metadata": {**metadata, "annotations": notes}}, "status")

    def delete(self, obj: Obj, *, grace: int | None = None, propagation: str = "Background") -> None:
        """Delete an object."""
        kind = self.api.kind_of(obj["apiVersion"], obj["kind"])
        options: Obj = {"preconditions": {"uid": obj["metadata"]["uid"]}, "propagationPolicy": propagation}
        if grace is not None:
            options["gracePeriodSeconds"] = grace
        try:
            self.api.delete(kind, obj["metadata"].get("namespace", ""), obj["metadata"]["name"], options)
        except StatusError as error:
            if error.status not in (404, 409):
                raise

    def event(self, about: Mapping[str, Any], reason: str, message: str, *, warning: bool = False) -> None:
        """Record an event; the same one again is counted."""
        meta = about["metadata"]
        digest = hashlib.sha256(f"{meta['uid']}{reason}{message}".encode()).hexdigest()[:16]
        namespace = meta.get("namespace") or "default"
        name, stamp = f"{meta['name']}.{digest}", now()
        there = self.find("v1", "Event", namespace, name)
        if there is not None:
            self.update(there, count=there["count"] + 1, lastTimestamp=stamp)
            return
        self.create({
            "apiVersion": "v1", "kind": "Event", "metadata": {"name": name, "namespace": namespace},
            "involvedObject": {
                "apiVersion": about["apiVersion"], "kind": about["kind"], "name": meta["name"],
                "namespace": namespace, "uid": meta["uid"],
            },
            "reason": reason, "message": message, "type": "Warning" if warning else "Normal", "count": 1,
            "firstTimestamp": stamp, "lastTimestamp": stamp, "source": {"component": "sandbox"},
        })  # fmt: skip

    def _write(self, old: Obj, new: Obj, subresource: str) -> None:
        kind = self.api.kind_of(old["apiVersion"], old["kind"])
        meta = old["metadata"]
        try:
            self.api.update(
                kind, meta.get("namespace", ""), meta["name"], new, WriteOptions(MANAGER, subresource=subresource)
            )
        except StatusError as error:
            if error.status != 404:
                raise


def owner_reference(owner: Mapping[str, Any]) -> Obj:
    """Return the owner reference to a controller."""
    return {
        "apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"], "controller": True, "blockOwnerDeletion": True,
    }  # fmt: skip


def pod_from(owner: Mapping[str, Any], name: str, template: Mapping[str, Any], **labels: str) -> Obj:
    """Return a pod made from a template."""
    meta = template.get("metadata") or {}
    pod: Obj = copy({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": name, "namespace": owner["metadata"]["namespace"],
            "labels": {**(meta.get("labels") or {}), **labels}, "annotations": meta.get("annotations") or {},
            "ownerReferences": [owner_reference(owner)],
        },
        "spec": template["spec"],
    })  # fmt: skip
    return pod


def digest_of(value: Any) -> str:
    """Return a short hash of a value: the same for the same value."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:10]


def is_ready(pod: Mapping[str, Any]) -> bool:
    """Return whether a pod receives traffic."""
    conditions = (pod.get("status") or {}).get("conditions") or []
    ready = any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
    return ready and not pod["metadata"].get("deletionTimestamp")


def alive(pods: list[Obj]) -> list[Obj]:
    """Return the pods that are not being deleted and did not end."""
    return [
        p
        for p in pods
        if not p["metadata"].get("deletionTimestamp")
        and (p.get("status") or {}).get("phase") not in ("Failed", "Succeeded")
    ]


def condition(kind: str, status: bool, reason: str, message: str = "", before: list[Obj] | None = None) -> Obj:
    """Return a condition; it keeps its transition time while its status stays the same."""
    text = "True" if status else "False"
    old = next((c for c in before or [] if c["type"] == kind), None)
    same = old is not None and old["status"] == text
    since = old["lastTransitionTime"] if old is not None and same else now()
    return {"type": kind, "status": text, "reason": reason, "message": message, "lastTransitionTime": since}
