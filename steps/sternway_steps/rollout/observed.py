"""What the watches have seen so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ..objects.kinds import is_custom
from ..objects.ref import Ref
from .diagnose import Related
from .diagnose.freshness import reasons_since


class Observed:
    """The newest state of each object that is watched; used by one thread."""

    def __init__(self) -> None:
        self._objects: dict[Ref, dict[str, Any]] = {}
        self._since: dict[str, Mapping[tuple[str, str, str], datetime]] = {}
        self._gone: dict[Ref, tuple[dict[str, Any], datetime]] = {}

    def note(self, change: str, obj: dict[str, Any]) -> bool:
        """Take over a change; tells whether anything differs now."""
        if not obj:
            return False
        ref = Ref.of(obj)
        if change == "DELETED":
            known = self._objects.get(ref)
            if known is None or known["metadata"].get("uid") != obj["metadata"].get("uid"):
                return False  # an earlier one of that name
            self._gone[ref] = (obj, datetime.now(UTC))
            return self._objects.pop(ref, None) is not None
        self._objects[ref] = obj
        if is_custom(ref.api_version, ref.kind):
            uid = obj["metadata"]["uid"]
            self._since[uid] = reasons_since(obj, self._since.get(uid, {}))
        return True

    def get(self, ref: Ref) -> dict[str, Any] | None:
        """Give an object, or None when it is not there."""
        return self._objects.get(ref)

    def since(self, obj: Mapping[str, Any]) -> Mapping[tuple[str, str, str], datetime]:
        """Give since when the conditions of a custom resource have their reasons."""
        return self._since.get(obj["metadata"].get("uid", ""), {})

    def gone(self, ref: Ref) -> tuple[dict[str, Any] | None, datetime | None]:
        """Give the last state of an object that went while it was watched, and when it went."""
        return self._gone.get(ref, (None, None))

    def related(self, namespace: str | None, suppliers: Sequence[Mapping[str, Any]] = ()) -> Related:
        """Give what belongs to objects of a namespace, and what may bring their settings."""
        return Related(
            pods=self._of("Pod", namespace),
            replica_sets=self._of("ReplicaSet", namespace),
            events=self._of("Event", namespace),
            claims=self._of("PersistentVolumeClaim", namespace),
            left_at=max(
                (t for r, (_, t) in self._gone.items() if (r.kind, r.namespace) == ("Pod", namespace)), default=None
            ),
            suppliers=suppliers,
        )

    def _of(self, kind: str, namespace: str | None) -> list[dict[str, Any]]:
        return [obj for ref, obj in self._objects.items() if ref.kind == kind and ref.namespace == namespace]
