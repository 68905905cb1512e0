"""Who owned which field before the run, written back after its values were put back.

An update takes the fields that it changes away from their owners. Left so, the next server-side apply of anybody
would meet a conflict with our undo. The API server takes managedFields from an update that changes nothing else
(source: "Field management", Kubernetes documentation), so a second update gives the fields back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .fields import Fields, common, fields_of, managed, minus, union
from .merge import Difference

UNDO_MANAGER = "sternway-rollback"
"""The field manager of the first update of an undo; as long as it owns fields, the second one is still due."""


def pending(live: Mapping[str, Any]) -> bool:
    """Tell whether values were put back and their ownership was not."""
    return any(entry.get("manager") == UNDO_MANAGER for entry in managed(live))


def given_back(
    before: Mapping[str, Any],
    live: Mapping[str, Any],
    manager: str,
    left: Iterable[Difference] = (),
    held: Mapping[str, Any] | None = None,
) -> list[dict[str, Any]]:
    """Give the managedFields for an object whose values were put back.

    The entry of `manager`, which is the run's own, becomes what it was; another manager's becomes what it owns now
    and what the run or its undo took from it.
    `left` are fields that a third party changed and keeps: we do not claim those again. `held` is the object as the
    run's apply met it, when the run had taken over what others owned: they get it back, but what somebody took since.
    """
    earlier = {_identity(entry): entry for entry in managed(before)}
    ours: list[dict[str, Any]] = []
    others: list[dict[str, Any]] = []
    out = []
    for entry in managed(live):
        of_run = entry.get("manager") in (manager, UNDO_MANAGER) and entry.get("subresource") != "status"
        (ours if of_run else others).append(entry)
    taken = union(*(entry.get("fieldsV1") or {} for entry in ours))
    if held is not None:
        theirs = [fields_of(obj, but=(manager,)) for obj in (before, held)]
        since = minus(fields_of({"metadata": {"managedFields": others}}), theirs[1])
        taken = union(taken, minus(minus(*theirs), since))
    for difference in left:
        taken = _without(taken, difference.path)
    for entry in others:
        was = earlier.pop(_identity(entry), None)
        back = common(was.get("fieldsV1") or {}, taken) if was else {}
        out.append({**entry, "fieldsV1": union(entry.get("fieldsV1") or {}, back)})
    for entry in earlier.values():
        fields = entry.get("fieldsV1") or {}
        if entry.get("manager") == manager:
            for difference in left:
                fields = _without(fields, difference.path)
        elif entry.get("subresource") == "status":
            continue
        else:
            fields = common(fields, taken)
        if fields:
            out.append({**entry, "fieldsV1": fields})
    return out


def with_owners(obj: Mapping[str, Any], entries: list[dict[str, Any]]) -> dict[str, Any]:
    """Give an object with other managedFields."""
    return {**obj, "metadata": {**obj["metadata"], "managedFields": entries}}


def same_owners(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Tell whether two states of an object have the same owners, but of the status."""
    sets = [{_identity(e): e.get("fieldsV1") for e in managed(obj) if not e.get("subresource")} for obj in (one, other)]
    return sets[0] == sets[1]


def _identity(entry: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(entry.get(key) for key in ("manager", "operation", "apiVersion", "subresource"))


def _without(tree: Fields, path: tuple[str, ...]) -> Fields:
    if not path or path[0] not in tree:
        return tree
    if len(path) == 1:
        return {key: below for key, below in tree.items() if key != path[0]}
    return {**tree, path[0]: _without(tree[path[0]], path[1:])}
