"""What the deploy step writes into the journal, and how its undo reads it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...objects.applied import AppliedRun
from ...objects.field_manager import recorded_manager
from ...objects.fields import content, managed
from ...objects.merge import OnConflict
from ...objects.object_merge import merge_object, reached
from ...objects.ownership import with_owners
from ...objects.ref import Ref
from ...objects.run_annotation import run_of
from ...objects.take_over import Claim
from ...release.apply import Applied
from ...release.restore import Change
from ...spec import History


def intent(
    objects: Iterable[Mapping[str, Any]],
    before: Mapping[Ref, dict[str, Any] | None],
    manager: str,
    claims: Mapping[Ref, Claim | None],
    replaced: frozenset[Ref] = frozenset(),
) -> dict[str, Any]:
    """Return the record of what is about to be applied, by which field manager, and of each object as it is.

    `create_only`: the apply of an absent object can't land on another one (see `objects.creator`). `claimed`: the
    object's managedFields when the run has taken over what others owned, before its apply. `replaced`: it can't be
    changed, so the run deletes it, and makes it anew.
    """
    entries: list[dict[str, Any]] = [{"applied": dict(obj), "before": before[Ref.of(obj)]} for obj in objects]
    for entry in entries:
        if Ref.of(entry["applied"]) in replaced:
            entry["replaced"] = True
        elif (claim := claims[Ref.of(entry["applied"])]) is not None:
            entry["claimed"] = claim.entries
    return {"manager": manager, "create_only": True, "objects": entries}


def evidence(applied: Iterable[Applied], before: Mapping[Ref, dict[str, Any] | None], run: str) -> dict[str, Any]:
    """Return the record of what the server made of it: UID, whether it was created, the object without its status.

    `again`: this run had applied it before, so others may have written between then and `after`.
    """
    return {
        "objects": [
            {
                "ref": [done.ref.api_version, done.ref.kind, done.ref.namespace, done.ref.name],
                "uid": done.uid,
                "created": done.created,
                "again": not done.exact or run_of(before.get(done.ref)) == run,
                # Owners too: they name the items of lists (see cluster.fields).
                "after": {**content(done.after), "metadata": _metadata(done.after)},
            }
            for done in applied
        ]
    }


def about_to_recreate(ref: Ref, obj: Mapping[str, Any]) -> dict[str, Any]:
    """Return the record that an undo deletes an object only to make it anew, and as what."""
    return {"recreate": [ref.api_version, ref.kind, ref.namespace, ref.name], "object": dict(obj)}


def changes(run: str, history: History) -> list[Change]:
    """Return all attempts of a run combined: one change for each object, in the order in which they were applied.

    A retried attempt saw the first one's work as "before". So `before` is the latest snapshot that no apply of this run
    had reached; `applied` and the evidence are the latest there are. What a retried attempt saw after its apply is no
    evidence of what the run changed: the first one's may have been lost. Nor are the owners that it saw those of
    before, when the first one had taken over what others owned.
    """
    intents, evidence = history.execute.intents, history.execute.evidence
    before: dict[Ref, dict[str, Any] | None] = {}
    replaced: set[Ref] = set()
    applied: dict[Ref, dict[str, Any]] = {}
    claimed: dict[Ref, list[dict[str, Any]]] = {}
    manager = recorded_manager(intents)
    for entry in (obj for data in intents for obj in data["objects"]):
        ref, seen = Ref.of(entry["applied"]), entry["before"]
        first, earlier = before.get(ref), applied.get(ref)
        applied[ref] = entry["applied"]
        if seen is None and ref in replaced:
            continue  # this run has deleted it, to make it anew
        if earlier is None or first is None or seen is None or _another(first, seen):
            if earlier is None or run_of(seen) != run:
                before[ref] = seen
                claimed.pop(ref, None)
                replaced.discard(ref)
        elif (
            unclaimed := _not_reached(first, seen, AppliedRun(run, manager, earlier, None, claimed.get(ref)))
        ) is not None:
            before[ref] = unclaimed
            if ref in claimed:
                claimed[ref] = managed(seen)
        else:
            continue
        if entry.get("replaced"):
            replaced.add(ref)
        if "claimed" in entry:
            claimed[ref] = entry["claimed"]
    found = {Ref(*entry["ref"]): entry for data in evidence for entry in data["objects"]}
    create_only: dict[Ref, bool] = {}
    for entry in (obj for data in evidence for obj in data["objects"] if not obj.get("again")):
        create_only[Ref(*entry["ref"])] = create_only.get(Ref(*entry["ref"]), False) or bool(entry["created"])
    recreating = {Ref(*data["recreate"]): data.get("object") for data in history.rollback.intents if "recreate" in data}
    return [
        Change(
            ref=ref,
            before=before[ref],
            applied=applied[ref],
            after=found[ref]["after"] if ref in found and not found[ref].get("again") else None,
            uid=found[ref]["uid"] if ref in found else None,
            created=create_only.get(ref),
            recreating=ref in recreating,
            anew=recreating.get(ref),
            manager=manager,
            claimed=claimed.get(ref),
            replaced=ref in replaced,
            create_only=all(data.get("create_only") for data in intents),
        )
        for ref in applied
    ]


def _another(first: Mapping[str, Any], seen: Mapping[str, Any]) -> bool:
    """Return whether somebody made an object anew between two attempts: an apply is held to the UID that it saw."""
    return bool(first["metadata"].get("uid") != seen["metadata"].get("uid"))


def _not_reached(first: dict[str, Any], seen: dict[str, Any], of: AppliedRun) -> dict[str, Any] | None:
    """Return an object that an attempt saw, with the owners of before its run; None when an apply had reached it."""
    if reached(first, seen, of):
        return None
    if of.claimed is None:
        return seen
    return with_owners(seen, merge_object(first, seen, of, OnConflict.STOP, None).owners.entries(seen, []))


def _metadata(obj: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in obj["metadata"].items() if k not in ("uid", "resourceVersion", "generation")}
