"""Whether what a run applied is still in place: somebody else may have deployed over it meanwhile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..kube.api_error import ApiError
from ..kube.discovery import UnknownKind
from ..objects import fields as f
from ..objects import tree as t
from ..objects.field_manager import OLD_MANAGER
from ..objects.fields import Fields, managed
from ..objects.ref import Ref
from ..objects.run_annotation import RUN
from ..objects.tree import Items, Map, Tree

if TYPE_CHECKING:
    from ..kube.client import Client

Path = tuple[str, ...]
_MARK = ("f:metadata", "f:annotations", f"f:{RUN}")
_REPLICAS = ("f:spec", "f:replicas")


@dataclass(frozen=True)
class Drift:
    """An object that is no longer as the run applied it: the fields, each with who wrote it, as far as is known."""

    ref: Ref
    why: str
    fields: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        changes = ", ".join(f"{field} ({who})" for field, who in self.fields)
        return f"{self.ref}: {self.why}" + (f": {changes}" if changes else "")


def drift_of(
    client: Client,
    ref: Ref,
    applied: Mapping[str, Any],
    live: Mapping[str, Any] | None,
    manager: str,
    *,
    ours: Fields | None = None,
    since: str = "this run's apply",
) -> Drift | None:
    """Compare an object with what the server made of the run's apply; return None when the run's version is in place.

    Only fields that the run applied count, without the replicas that an autoscaler sets.

    Args:
        client: asked for autoscalers, when replicas differ.
        ref: the object.
        applied: the evidence: `uid` and `after`.
        live: the object as it is, None when it does not exist.
        manager: the field manager of the run's applies.
        ours: the fields that count; by default those that the run applied.
        since: what was before the change, in the words of the finding.

    """
    if live is None:
        return Drift(ref, f"somebody deleted it after {since}")
    if live["metadata"]["uid"] != applied["uid"]:
        return Drift(ref, f"somebody deleted it and made another one of that name (first written by {_first(live)})")
    after = applied["after"]
    if ours is None:
        ours = f.union(f.fields_of(after, manager=manager), f.fields_of(after, manager=OLD_MANAGER))
    marks = f.union(f.fields_of(after), f.fields_of(live))
    paths = list(_changed(t.tree(f.content(after), marks), t.tree(f.content(live), marks), ours))
    others = [entry for entry in managed(live) if entry.get("manager") != manager or entry.get("operation") != "Apply"]
    found = [
        (t.name_of(path), _writer(others, path))
        for path in paths
        if path != _MARK and not (path == _REPLICAS and _autoscaled(client, ref, others))
    ]
    return Drift(ref, f"somebody changed after {since}", tuple(found)) if found else None


def _changed(after: Tree, live: Tree, ours: Fields, path: Path = ()) -> Iterator[Path]:
    """Yield our fields that differ; items that others add, or another order, are no difference."""
    parts = [key for key in ours if key != "."]
    if not parts or not isinstance(after, Map | Items) or type(after) is not type(live):
        if t.untree(after) != t.untree(live) and not (ours and _holds(after, live)):
            yield path
        return
    for key in parts:
        if key not in after:
            continue
        if key not in live:
            yield (*path, key)
        else:
            yield from _changed(after[key], live[key], ours[key], (*path, key))


def _holds(after: Tree, live: Tree) -> bool:
    """Return whether both are containers: one that is owned without its parts needs only to exist."""
    return isinstance(after, Map | Items) and type(after) is type(live)


def _writer(others: list[dict[str, Any]], path: Path) -> str:
    """Return who owns a field now, else who wrote the object last."""
    owners = [str(entry.get("manager")) for entry in others if _owns(entry.get("fieldsV1") or {}, path)]
    if owners:
        return f"by {', '.join(owners)}"
    last = max((e for e in others if not e.get("subresource")), key=lambda e: str(e.get("time")), default=None)
    return f"gone; {last['manager']} wrote the object at {last.get('time')}" if last else "by whom is not recorded"


def _owns(fields: Fields, path: Path) -> bool:
    for part in path:
        if part not in fields:
            return False
        fields = fields[part]
    return True


def _first(live: Mapping[str, Any]) -> str:
    entry = min(managed(live), key=lambda e: str(e.get("time")), default=None)
    return str(entry.get("manager")) if entry else "nobody known"


def _autoscaled(client: Client, ref: Ref, others: list[dict[str, Any]]) -> bool:
    """Return whether an autoscaler sets an object's replicas: by the controller's own writes, or by its target."""
    scaled = [e for e in others if _owns(e.get("fieldsV1") or {}, _REPLICAS)]
    if any(e.get("subresource") == "scale" and e["manager"] == "kube-controller-manager" for e in scaled):
        return True
    try:
        found = client.list("autoscaling/v2", "HorizontalPodAutoscaler", ref.namespace).items
    except (ApiError, UnknownKind):
        return False
    targets = [hpa["spec"]["scaleTargetRef"] for hpa in found]
    return any((t.get("kind"), t.get("name")) == (ref.kind, ref.name) for t in targets)
