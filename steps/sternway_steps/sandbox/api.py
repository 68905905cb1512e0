"""The API server without HTTP: reads, writes, and everything that a write sets off at once."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import apply, checks, identity, node_ports
from .addresses import check_free
from .defaults import allocated_of, begin_status, fill_in
from .field_types import check_field_types
from .field_validation import check_unknown_fields
from .kinds import Kind, builtin_kinds, kinds_of
from .ownership import Managers
from .patches import patched
from .status import StatusError
from .store import Store, copy


@dataclass(frozen=True)
class WriteOptions:
    """How a write is meant: by whom, as a dry run or not, and whether unknown fields are errors."""

    manager: str
    dry_run: bool = False
    strict: bool = False
    subresource: str = ""


class Api:
    """Serves the store. Each write is atomic."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._builtin = builtin_kinds()
        self._ports = itertools.cycle(node_ports.RANGE)
        self._addresses = itertools.count(1)

    def kinds(self) -> list[Kind]:
        """Return every kind that is served now, those of established CustomResourceDefinitions too."""
        found = list(self._builtin)
        for crd in self.store.all(("apiextensions.k8s.io", "CustomResourceDefinition")):
            conditions = (crd.get("status") or {}).get("conditions") or []
            if any(c["type"] == "Established" and c["status"] == "True" for c in conditions):
                found += kinds_of(crd)
        return found

    def kind_of(self, api_version: str, kind: str) -> Kind:
        """Return a kind by its name; raise 404."""
        for found in self.kinds():
            if (found.api_version, found.kind) == (api_version, kind):
                return found
        raise StatusError(404, "NotFound", "the server could not find the requested resource")

    def get(self, kind: Kind, namespace: str, name: str) -> dict[str, Any]:
        """Return an object; raise 404."""
        found = self.store.get(kind.key, namespace, name)
        if found is None:
            raise identity.not_found(kind, name)
        return {**found, "apiVersion": kind.api_version, "kind": kind.kind}

    def create(self, kind: Kind, namespace: str, body: dict[str, Any], how: WriteOptions) -> dict[str, Any]:
        """Create an object and return it; raise 409 when the name is taken."""
        with self.store.lock:
            obj = copy(body)
            metadata = obj.setdefault("metadata", {})
            if not metadata.get("name") and metadata.get("generateName"):
                metadata["name"] = metadata["generateName"] + secrets.token_hex(3)[:5]
            identity.assign_namespace(self.store, kind, namespace, obj)
            if metadata.get("resourceVersion"):
                raise StatusError(400, "BadRequest", "resourceVersion should not be set on objects to be created")
            if how.strict:
                check_unknown_fields(kind, obj)
            check_field_types(kind, obj)
            identity.assign_identity(kind, obj)
            if "status" in kind.subresources and kind.kind != "Namespace":
                obj.pop("status", None)
            allocated = allocated_of(kind, obj)
            fill_in(kind, obj, self._address)
            metadata.pop("managedFields", None)
            owners = apply.attribute(kind, None, obj, how.manager, "")
            owners.forget(allocated)
            node_ports.settle(kind, None, obj, self._node_port)
            return self._write(kind, None, obj, owners, how)

    def update(self, kind: Kind, namespace: str, name: str, body: dict[str, Any], how: WriteOptions) -> dict[str, Any]:
        """Replace an object, or its status, and return it; raise 409 when the resourceVersion is outdated."""
        with self.store.lock:
            live = self.get(kind, namespace, name)
            obj = copy(body)
            metadata = obj.setdefault("metadata", {})
            identity.check_preconditions(kind, live, metadata)
            identity.check_name(metadata, name)
            if how.strict:
                check_unknown_fields(kind, obj)
            check_field_types(kind, obj)
            if how.subresource == "status":
                own = {key: metadata[key] for key in ("annotations", "labels", "managedFields") if key in metadata}
                obj = {**live, "metadata": {**live["metadata"], **own}, "status": obj.get("status", {})}
            elif "status" in kind.subresources:
                obj.pop("status", None)
                obj |= {"status": live["status"]} if "status" in live else {}
            return self._change(kind, live, obj, apply.attribute, how)

    def patch(
        self, kind: Kind, namespace: str, name: str, change: Any, media: str, how: WriteOptions
    ) -> dict[str, Any]:
        """Change an object by a patch (JSON patch, merge patch, strategic merge patch), and return it."""
        with self.store.lock:
            live = self.get(kind, namespace, name)
            obj = patched(kind, copy(live), change, media)
            wanted = change.get("metadata", {}).get("resourceVersion") if isinstance(change, dict) else None
            obj["metadata"]["resourceVersion"] = wanted or live["metadata"]["resourceVersion"]
            return self.update(kind, namespace, name, obj, how)

    def apply(
        self, kind: Kind, namespace: str, name: str, config: dict[str, Any], how: WriteOptions, *, force: bool
    ) -> tuple[dict[str, Any], bool]:
        """Apply an object by server-side apply; return it, and whether it was created."""
        with self.store.lock:
            metadata = config.get("metadata") or {}
            if metadata.get("managedFields"):
                raise StatusError(400, "BadRequest", "metadata.managedFields must be nil")
            identity.check_name(metadata, name)
            if how.strict:
                check_unknown_fields(kind, config, applied=True)
            check_field_types(kind, config, applied=True)
            live = self.store.get(kind.key, namespace, name)
            if live is None:
                return self._apply_new(kind, namespace, name, config, how), True
            live = self.get(kind, namespace, name)
            bare = {k: v for k, v in config.items() if k != "status" or "status" not in kind.subresources}
            obj, owners = apply.apply(kind, live, bare, how.manager, force=force)
            identity.check_apply_preconditions(kind, live, metadata)
            return self._change(kind, live, obj, lambda *_: owners, how), False

    def delete(
        self, kind: Kind, namespace: str, name: str, options: Mapping[str, Any], *, dry_run: bool = False
    ) -> dict[str, Any]:
        """Delete an object; one with finalizers stays until they are removed."""
        with self.store.lock:
            live = self.get(kind, namespace, name)
            identity.check_preconditions(kind, live, options.get("preconditions") or {})
            if dry_run:
                return live
            finalizers = list(live["metadata"].get("finalizers") or [])
            policy = {"Foreground": "foregroundDeletion", "Orphan": "orphan"}.get(options.get("propagationPolicy", ""))
            if policy is not None and policy not in finalizers:
                finalizers.append(policy)
            graceful = kind.kind == "Pod" and options.get("gracePeriodSeconds") != 0
            if not finalizers and not graceful and kind.kind != "Namespace":
                self.store.drop(kind.key, namespace, name)
                return live
            metadata = {"deletionTimestamp": identity.now(), "deletionGracePeriodSeconds": 0, **live["metadata"]}
            live = {**live, "metadata": {**metadata, **({"finalizers": finalizers} if finalizers else {})}}
            if kind.kind == "Namespace":
                live = {**live, "status": {"phase": "Terminating"}}
            return self.store.put(kind.key, live)

    def _apply_new(
        self, kind: Kind, namespace: str, name: str, config: dict[str, Any], how: WriteOptions
    ) -> dict[str, Any]:
        metadata = config.get("metadata") or {}
        if metadata.get("uid"):  # a resourceVersion alone holds nothing here, on the real server too
            text = (
                f"uid mismatch: the provided object specified uid {metadata['uid']}, and no existing object was found"
            )
            raise identity.conflict(kind, name, text)
        obj, owners = apply.apply(kind, None, config, how.manager, force=True)
        obj["metadata"] = {**obj.get("metadata", {}), "name": name}
        identity.assign_namespace(self.store, kind, namespace, obj)
        identity.assign_identity(kind, obj)
        fill_in(kind, obj, self._address)
        node_ports.settle(kind, None, obj, self._node_port)
        return self._write(kind, None, obj, owners, how)

    def _change(
        self, kind: Kind, live: Mapping[str, Any], obj: dict[str, Any], owners_of: Any, how: WriteOptions
    ) -> dict[str, Any]:
        identity.keep_identity(live, obj)
        fill_in(kind, obj, self._address)
        owners = owners_of(kind, live, obj, how.manager, how.subresource)
        node_ports.settle(kind, live, obj, self._node_port)
        return self._write(kind, live, obj, owners, how)

    def _write(
        self, kind: Kind, live: Mapping[str, Any] | None, obj: dict[str, Any], owners: Managers, how: WriteOptions
    ) -> dict[str, Any]:
        checks.check_new(kind, obj)
        if live is not None:
            checks.check_change(kind, live, obj)
        meta = obj["metadata"] = {**obj["metadata"], "managedFields": owners.entries(kind.api_version, identity.now())}
        if live is not None:
            if obj.get("spec") != live.get("spec") and "generation" in meta:
                meta["generation"] += 1
            identity.count_templates(kind, live, obj)
            meta["resourceVersion"] = live["metadata"]["resourceVersion"]
            if obj == live:
                return obj  # what changes nothing is no write
        else:
            begin_status(kind, obj)
        meta["managedFields"] = owners.dated(meta["managedFields"], identity.now())
        if live is None and self.store.get(kind.key, meta.get("namespace", ""), meta["name"]) is not None:
            raise identity.exists(kind, meta["name"])  # the last thing that is looked at, in a dry run too
        if how.dry_run:
            return obj
        if live is None:
            check_free(kind, obj, self.store.all(("", "Service")))
        checks.check_stored(obj)
        over = meta.get("deletionTimestamp") and not meta.get("finalizers")
        if live is not None and over and kind.kind not in ("Pod", "Namespace"):
            self.store.drop(kind.key, meta.get("namespace", ""), meta["name"])
            return obj
        return self.store.put(kind.key, obj)

    def _address(self) -> str:
        used = {(s.get("spec") or {}).get("clusterIP") for s in self.store.all(("", "Service"))}
        return next(ip for n in self._addresses if (ip := f"10.96.{n // 250}.{n % 250 + 1}") not in used)

    def _node_port(self) -> int:
        used = node_ports.numbers_of(self.store.all(("", "Service")))
        return next(number for number in self._ports if number not in used)
