"""The newest state of each object, as the watches deliver it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ..objects.kinds import is_custom
from ..objects.ref import Ref
from .diagnose import Related
from .diagnose.freshness import reasons_since


class WatchCache:
    """A cache of the watched objects; used by one thread only."""

    def __init__(self) -> None:
        self._objects: dict[Ref, dict[str, Any]] = {}
        self._since: dict[str, Mapping[tuple[str, str, str], datetime]] = {}
        self._deleted: dict[Ref, tuple[dict[str, Any], datetime]] = {}

    def store(self, change: str, obj: dict[str, Any]) -> bool:
        """Store one watch event; return whether anything differs now."""
        if not obj:
            return False
        ref = Ref.of(obj)
        if change == "DELETED":
            cached = self._objects.get(ref)
            if cached is None or cached["metadata"].get("uid") != obj["metadata"].get("uid"):
                return False  # an earlier one of that name
            self._deleted[ref] = (obj, datetime.now(UTC))
            return self._objects.pop(ref, None) is not None
        self._objects[ref] = obj
        if is_custom(ref.api_version, ref.kind):
            uid = obj["metadata"]["uid"]
            self._since[uid] = reasons_since(obj, self._since.get(uid, {}))
        return True

    def get(self, ref: Ref) -> dict[str, Any] | None:
        """Return an object, or None when it is not there."""
        return self._objects.get(ref)

    def since(self, obj: Mapping[str, Any]) -> Mapping[tuple[str, str, str], datetime]:
        """Return since when each condition of a custom resource has had its reason."""
        return self._since.get(obj["metadata"].get("uid", ""), {})

    def deleted(self, ref: Ref) -> tuple[dict[str, Any] | None, datetime | None]:
        """Return the last state of an object that was deleted during the watch, and when; (None, None) for others."""
        return self._deleted.get(ref, (None, None))

    def related(self, namespace: str | None, suppliers: Sequence[Mapping[str, Any]] = ()) -> Related:
        """Return what the judges of objects in `namespace` need, with what may create their Secrets and ConfigMaps."""
        return Related(
            pods=self._of("Pod", namespace),
            replica_sets=self._of("ReplicaSet", namespace),
            events=self._of("Event", namespace),
            claims=self._of("PersistentVolumeClaim", namespace),
            left_at=max(
                (t for r, (_, t) in self._deleted.items() if (r.kind, r.namespace) == ("Pod", namespace)), default=None
            ),
            suppliers=suppliers,
        )

    def _of(self, kind: str, namespace: str | None) -> list[dict[str, Any]]:
        return [obj for ref, obj in self._objects.items() if ref.kind == kind and ref.namespace == namespace]
