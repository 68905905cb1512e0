"""The API server without HTTP: reads, writes, and all that a write sets off at once."""

from __future__ import annotations

import itertools
import secrets
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from . import checks, merge
from .defaults import fill_in
from .kinds import Kind, builtin_kinds, kinds_of
from .ownership import Managers
from .patches import patched
from .status import StatusError
from .store import Store, copy


class Api:
    """Serves the store. Each write is one step: nobody sees half of it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._builtin = builtin_kinds()
        self._addresses = itertools.count(1)

    def kinds(self) -> list[Kind]:
        """Give every kind that is served now, custom ones with an established definition too."""
        found = list(self._builtin)
        for crd in self.store.all(("apiextensions.k8s.io", "CustomResourceDefinition")):
            conditions = (crd.get("status") or {}).get("conditions") or []
            if any(c["type"] == "Established" and c["status"] == "True" for c in conditions):
                found += kinds_of(crd)
        return found

    def kind_of(self, api_version: str, kind: str) -> Kind:
        """Find a kind by its name; raises 404."""
        for found in self.kinds():
            if (found.api_version, found.kind) == (api_version, kind):
                return found
        raise StatusError(404, "NotFound", "the server could not find the requested resource")

    def get(self, kind: Kind, namespace: str, name: str) -> dict[str, Any]:
        """Read an object; raises 404."""
        found = self.store.get(kind.key, namespace, name)
        if found is None:
            raise not_found(kind, name)
        return {**found, "apiVersion": kind.api_version, "kind": kind.kind}

    def create(
        self,
        kind: Kind,
        namespace: str,
        body: dict[str, Any],
        manager: str,
        *,
        dry_run: bool = False,
        strict: bool = False,
    ) -> dict[str, Any]:
        """Create an object; raises 409 when the name is taken."""
        with self.store.lock:
            obj = copy(body)
            metadata = obj.setdefault("metadata", {})
            if not metadata.get("name") and metadata.get("generateName"):
                metadata["name"] = metadata["generateName"] + secrets.token_hex(3)[:5]
            self._place(kind, namespace, obj)
            name = metadata.get("name", "")
            if name and self.store.get(kind.key, namespace, name) is not None:
                full = f"{kind.plural}.{kind.group}" if kind.group else kind.plural
                raise StatusError(
                    409,
                    "AlreadyExists",
                    f'{full} "{name}" already exists',
                    name=name,
                    group=kind.group,
                    kind=kind.plural,
                )
            if metadata.get("resourceVersion"):
                raise StatusError(400, "BadRequest", "resourceVersion should not be set on objects to be created")
            if strict:
                checks.check_strict(kind, obj)
            self._fresh(kind, obj)
            if "status" in kind.subresources and kind.kind != "Namespace":
                obj.pop("status", None)
            fill_in(kind, obj, self._address)
            metadata.pop("managedFields", None)
            owners = merge.attribute(kind, None, obj, manager, "")
            return self._write(kind, None, obj, owners, dry_run)

    def update(
        self,
        kind: Kind,
        namespace: str,
        name: str,
        body: dict[str, Any],
        manager: str,
        *,
        subresource: str = "",
        dry_run: bool = False,
        strict: bool = False,
    ) -> dict[str, Any]:
        """Replace an object, or its status; raises 409 when the resourceVersion is stale."""
        with self.store.lock:
            live = self.get(kind, namespace, name)
            obj = copy(body)
            metadata = obj.setdefault("metadata", {})
            self._same(kind, live, metadata)
            if metadata.get("name", name) != name:
                raise StatusError(
                    400,
                    "BadRequest",
                    f"the name of the object ({metadata['name']}) does not match the name on the URL ({name})",
                )
            if strict:
                checks.check_strict(kind, obj)
            if subresource == "status":
                meta = {
                    **live["metadata"],
                    **{k: metadata[k] for k in ("annotations", "labels", "managedFields") if k in metadata},
                }
                obj = {**live, "metadata": meta, "status": obj.get("status", {})}
            elif "status" in kind.subresources:
                obj.pop("status", None)
                if "status" in live:
                    obj["status"] = live["status"]
            self._keep_identity(live, obj)
            fill_in(kind, obj, self._address)
            owners = merge.attribute(kind, live, obj, manager, subresource)
            return self._write(kind, live, obj, owners, dry_run)

    def patch(
        self,
        kind: Kind,
        namespace: str,
        name: str,
        change: Any,
        media: str,
        manager: str,
        *,
        subresource: str = "",
        dry_run: bool = False,
        strict: bool = False,
    ) -> dict[str, Any]:
        """Change an object by a patch (JSON patch, merge patch, strategic merge patch)."""
        with self.store.lock:
            live = self.get(kind, namespace, name)
            obj = patched(kind, copy(live), change, media)
            wanted = change.get("metadata", {}).get("resourceVersion") if isinstance(change, dict) else None
            obj["metadata"]["resourceVersion"] = wanted or live["metadata"]["resourceVersion"]
            return self.update(
                kind, namespace, name, obj, manager, subresource=subresource, dry_run=dry_run, strict=strict
            )

    def apply(
        self,
        kind: Kind,
        namespace: str,
        name: str,
        config: dict[str, Any],
        manager: str,
        *,
        force: bool,
        dry_run: bool = False,
        strict: bool = False,
    ) -> tuple[dict[str, Any], bool]:
        """Apply on the server's side; tells whether the object was created."""
        with self.store.lock:
            metadata = config.get("metadata") or {}
            if metadata.get("managedFields"):
                raise StatusError(400, "BadRequest", "metadata.managedFields must be nil")
            if metadata.get("name", name) != name:
                raise StatusError(
                    400,
                    "BadRequest",
                    f"the name of the object ({metadata['name']}) does not match the name on the URL ({name})",
                )
            if strict:
                checks.check_strict(kind, config, applied=True)
            live = self.store.get(kind.key, namespace, name)
            if live is None:
                if metadata.get("uid") or metadata.get("resourceVersion"):
                    full = f"{kind.plural}.{kind.group}" if kind.group else kind.plural
                    raise StatusError(
                        409,
                        "Conflict",
                        f'Operation cannot be fulfilled on {full} "{name}": uid mismatch: the provided object specified uid {metadata.get("uid", "")}, and no existing object was found',
                    )
                obj, owners = merge.apply(kind, None, config, manager, force=force)
                obj["metadata"] = {**obj.get("metadata", {}), "name": name}
                self._place(kind, namespace, obj)
                self._fresh(kind, obj)
                fill_in(kind, obj, self._address)
                return self._write(kind, None, obj, owners, dry_run), True
            live = {**live, "apiVersion": kind.api_version, "kind": kind.kind}
            self._same(kind, live, metadata)
            bare = {k: v for k, v in config.items() if k != "status" or "status" not in kind.subresources}
            obj, owners = merge.apply(kind, live, bare, manager, force=force)
            self._keep_identity(live, obj)
            fill_in(kind, obj, self._address)
            return self._write(kind, live, obj, owners, dry_run), False

    def delete(
        self, kind: Kind, namespace: str, name: str, options: Mapping[str, Any], *, dry_run: bool = False
    ) -> dict[str, Any]:
        """Delete an object; one with finalizers stays until they are gone."""
        with self.store.lock:
            live = self.get(kind, namespace, name)
            wanted = options.get("preconditions") or {}
            for field in ("uid", "resourceVersion"):
                if wanted.get(field) and wanted[field] != live["metadata"][field]:
                    full = f"{kind.plural}.{kind.group}" if kind.group else kind.plural
                    text = f"Precondition failed: {'UID' if field == 'uid' else 'ResourceVersion'} in precondition: {wanted[field]}, {'UID' if field == 'uid' else 'ResourceVersion'} in object meta: {live['metadata'][field]}"
                    raise StatusError(409, "Conflict", f'Operation cannot be fulfilled on {full} "{name}": {text}')
            if dry_run:
                return live
            finalizers = list(live["metadata"].get("finalizers") or [])
            policy = options.get("propagationPolicy")
            if policy == "Foreground" and "foregroundDeletion" not in finalizers:
                finalizers.append("foregroundDeletion")
            if policy == "Orphan" and "orphan" not in finalizers:
                finalizers.append("orphan")
            waits = (
                finalizers
                or kind.kind == "Namespace"
                or (kind.kind == "Pod" and options.get("gracePeriodSeconds") != 0)
            )
            if not waits:
                self.store.drop(kind.key, namespace, name)
                return live
            if not live["metadata"].get("deletionTimestamp"):
                meta = {**live["metadata"], "deletionTimestamp": now(), "deletionGracePeriodSeconds": 0}
                live = {**live, "metadata": meta}
            if finalizers:
                live = {**live, "metadata": {**live["metadata"], "finalizers": finalizers}}
            if kind.kind == "Namespace":
                live = {**live, "status": {"phase": "Terminating"}}
            return self.store.put(kind.key, live)

    def _place(self, kind: Kind, namespace: str, obj: dict[str, Any]) -> None:
        given = obj["metadata"].get("namespace")
        if kind.namespaced:
            if given and given != namespace:
                raise StatusError(
                    400,
                    "BadRequest",
                    "the namespace of the provided object does not match the namespace sent on the request",
                )
            obj["metadata"]["namespace"] = namespace
            home = self.store.get(("", "Namespace"), "", namespace)
            if home is None:
                raise StatusError(
                    404, "NotFound", f'namespaces "{namespace}" not found', name=namespace, kind="namespaces"
                )
            if home["metadata"].get("deletionTimestamp"):
                name = obj["metadata"].get("name", "")
                text = f"unable to create new content in namespace {namespace} because it is being terminated"
                full = f"{kind.plural}.{kind.group}" if kind.group else kind.plural
                raise StatusError(403, "Forbidden", f'{full} "{name}" is forbidden: {text}')

    def _fresh(self, kind: Kind, obj: dict[str, Any]) -> None:
        obj["apiVersion"], obj["kind"] = kind.api_version, kind.kind
        meta = obj["metadata"]
        meta["uid"], meta["creationTimestamp"] = str(uuid.uuid4()), now()
        if "spec" in obj and kind.group:
            meta["generation"] = 1

    def _same(self, kind: Kind, live: Mapping[str, Any], metadata: Mapping[str, Any]) -> None:
        full = f"{kind.plural}.{kind.group}" if kind.group else kind.plural
        name = live["metadata"]["name"]
        if metadata.get("uid") and metadata["uid"] != live["metadata"]["uid"]:
            raise StatusError(
                409,
                "Conflict",
                f'Operation cannot be fulfilled on {full} "{name}": StorageError: invalid object, Code: 4: Precondition failed: UID in precondition: {metadata["uid"]}, UID in object meta: {live["metadata"]["uid"]}',
            )
        if metadata.get("resourceVersion") not in (None, "", live["metadata"]["resourceVersion"]):
            text = "the object has been modified; please apply your changes to the latest version and try again"
            raise StatusError(
                409,
                "Conflict",
                f'Operation cannot be fulfilled on {full} "{name}": {text}',
                name=name,
                group=kind.group,
                kind=kind.plural,
            )

    def _keep_identity(self, live: Mapping[str, Any], obj: dict[str, Any]) -> None:
        meta = obj["metadata"]
        for field in (
            "name",
            "namespace",
            "uid",
            "creationTimestamp",
            "generation",
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
        ):
            if field in live["metadata"]:
                meta[field] = live["metadata"][field]
            else:
                meta.pop(field, None)

    def _write(
        self, kind: Kind, live: Mapping[str, Any] | None, obj: dict[str, Any], owners: Managers, dry_run: bool
    ) -> dict[str, Any]:
        checks.check_new(kind, obj)
        if live is not None:
            checks.check_change(kind, live, obj)
        meta = obj["metadata"]
        obj["metadata"] = {**meta, "managedFields": owners.entries(kind.api_version, now())}
        if live is not None:
            if obj.get("spec") != live.get("spec") and "generation" in meta:
                obj["metadata"]["generation"] = meta["generation"] + 1
            obj["metadata"]["resourceVersion"] = live["metadata"]["resourceVersion"]
            if obj == live or dry_run:
                return obj  # what changes nothing is no write
            if meta.get("deletionTimestamp") and not meta.get("finalizers") and kind.kind not in ("Pod", "Namespace"):
                self.store.drop(kind.key, meta.get("namespace", ""), meta["name"])
                return obj
        elif dry_run:
            return obj
        return self.store.put(kind.key, obj)

    def _address(self) -> str:
        used = {(s.get("spec") or {}).get("clusterIP") for s in self.store.all(("", "Service"))}
        return next(ip for n in self._addresses if (ip := f"10.96.{n // 250}.{n % 250 + 1}") not in used)


def not_found(kind: Kind, name: str) -> StatusError:
    """Give 404 for an object."""
    full = f"{kind.plural}.{kind.group}" if kind.group else kind.plural
    return StatusError(404, "NotFound", f'{full} "{name}" not found', name=name, group=kind.group, kind=kind.plural)


def now() -> str:
    """Give this second as Kubernetes writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
