"""What an undo writes to one object, from its states before the run, as applied, right after, and live."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from .applied import RUN_FIELD, AppliedRun, apply_reached, in_doubt, stripped
from .field_manager import manager_of, marked_for, targets_among
from .fields import Fields, fields_of, managed, minus, shape_fields, union
from .merge import Difference, Merged, OnConflict, diff, three_way_merge
from .ownership import UNDO_MANAGER, Entries, OwnerRestore, by_identity, identity, merged_entries, ownership_pending
from .reconstruct import reconstruct
from .run_annotation import RUN, run_of, without_run
from .shape import Marks, Shape
from .states import Owned, States, Undone
from .stored_form import as_stored, by_data, changed_data, with_data
from .tree import ABSENT, Path, same, trees, untree

_KEPT_EMPTY = ("annotations", "labels", "finalizers", "ownerReferences")


@dataclass(frozen=True)
class ObjectMerge:
    """What an undo makes of an object. `obj` is what is to be written; `restored` and `conflicts` name its fields."""

    states: States
    merged: Merged
    obj: dict[str, Any]
    owners: OwnerRestore
    noted: bool
    """Whether the run's annotation differs from before."""
    above: str
    """The mark of a run of another target that applied it since; "" for none. It stays."""
    cut: bool
    """Whether an earlier undo may have restored values, and was cut off before it restored their owners."""
    untold: bool
    """Whether nothing tells that the run had come to apply it, and others have set something as it would."""

    @property
    def restored(self) -> list[Difference]:
        """The fields that are restored."""
        return self.merged.restored

    @property
    def conflicts(self) -> list[Difference]:
        """The fields of the run that somebody else changed."""
        return self.merged.conflicts

    @property
    def cleared(self) -> list[Difference]:
        """Fields that an earlier undo which was cut off may have removed again: nobody owns such a field.

        Before the run it may have been owned all the same: a zero is owned, and not stored.
        """
        if not (self.cut and self.owners.came):
            return []
        brought = [d for d in diff(self.states.before, self.states.applied) if d.old is ABSENT and d.new]
        return [d for d in brought if _free(self.states.at(d.path))]

    def of_the_server(self, path: Path) -> bool:
        """Return whether the server may keep its own value at a path, whatever is put back there.

        The run did not apply it; or it was in no map before the run, and what others hold in that map keeps it there:
        then the server fills in a default. That may be what the run left, too: then its answer to a write tells.
        """
        field, around = self.states.at(path), self.states.at(path[:-1])
        made = path in field.undone.refilled or not same(field.live, field.after)
        filled = around.before is ABSENT and not field.owned_live.by_others and made
        return not field.of_the_run or filled

    def owned_again(self, live: Mapping[str, Any], put: Iterable[Difference]) -> Entries:
        """Return the managedFields for the live object, when all of `put` is as before the run again.

        Where it was the order of a list alone, its items keep the owners that they have.
        """
        mark = () if self.above else (RUN_FIELD,)
        return self.owners.entries(live, [*(d.path for d in put if not d.order), *mark], self.merged.left)


def merge_object(
    before: Mapping[str, Any],
    live: Mapping[str, Any],
    of: AppliedRun,
    policy: OnConflict,
    shape: Shape | None,
    undone: Undone = Undone(),
) -> ObjectMerge:
    """Return the merge of an object's states.

    | what is known | how `after` is found |
    | --- | --- |
    | the record of the apply (`of.after`) | it is `after` |
    | no record, and this undo has concluded it before its first write | `undone.after` |
    | no record, but the apply reached the object | `reconstruct`, per field |
    | no record, and it did not reach it | as before: the run changed nothing |
    | no record, and what would tell was replaced | as before, but for what others set as the run would: a conflict |

    `shape` None: it is derived from the owners. `undone` is what this undo has restored so far.
    """
    states = _states(before, live, of, shape, undone)
    concluded = of.after is None and undone.after is not None
    reached = not undone.untold if concluded else of.after is not None or apply_reached(before, live, of, states)
    untold = undone.untold
    if of.after is None and not concluded:
        after = reconstruct(states) if reached else in_doubt(live, of, states)
        states, untold = states.with_after(after), not (reached or same(after, states.before))
    states = replace(states, undone=replace(undone, untold=untold))
    merged = three_way_merge(states, policy)
    obj = untree(merged.node)
    above = _above(before, live, of)
    obj["metadata"] = _metadata(above or run_of(before), live, obj.get("metadata") or {})
    if "status" in live:
        obj["status"] = live["status"]
    left, recorded = (of.met(before), False) if of.after is None else (of.after, True)
    owners = OwnerRestore(before, left, recorded, of.manager, states, merged.node, of.applied, reached)
    noted = not above and run_of(live) != run_of(before)
    cut = ownership_pending(live) or (undone.earlier and not noted and _claims(live, before, of.manager))
    return ObjectMerge(states, merged, obj, owners, noted, above, cut, untold)


def shape_by_owners(*objects: Mapping[str, Any] | None) -> Shape:
    """Return the shape of objects as the owners of their fields tell it; those that are None tell nothing."""
    known = [shape_fields(with_data(fields_of(obj, status=True)), obj) for obj in objects if obj is not None]
    return Marks(union(*known) or None)


def reached(before: Mapping[str, Any], live: Mapping[str, Any], of: AppliedRun) -> bool:
    """Return whether the run's apply reached the object, when there is no record of it; True in doubt."""
    return apply_reached(before, live, of, _states(before, live, of, None))


def _states(
    before: Mapping[str, Any], live: Mapping[str, Any], of: AppliedRun, shape: Shape | None, undone: Undone = Undone()
) -> States:
    shape = shape or shape_by_owners(before, of.after, live)
    right_after = of.after if of.after is not None else live
    applied = as_stored(of.applied)
    concluded = undone.after if of.after is None and undone.after is not None else right_after
    objs = (before, applied, live, concluded, of.stored or applied)
    nodes = trees([without_run(obj) for obj in objs], shape)
    left = before if undone.earlier else of.after or of.met(before)
    others = {str(entry.get("manager")) for entry in managed(live)} - {of.manager, UNDO_MANAGER}
    targets = {manager_of(target) for target in targets_among(others)}
    return States(
        nodes[0], nodes[1], nodes[2], nodes[3], nodes[4], of.stored is not None,
        owned_first=_owned(before, (of.manager,)),
        owned_before=_owned(of.met(before), (of.manager,)),
        owned_after=Owned(with_data(fields_of(right_after, manager=of.manager))),
        owned_live=_owned(
            live,
            (of.manager, UNDO_MANAGER),
            changed_data(of.stored or applied, live),
            changed_data(of.after, live) if of.after is not None else (),
        ),
        owned_since=_since(left, live, others),
        owned_anew=_since(left, live, others, before),
        claimed=with_data(by_targets) if (by_targets := _since(left, live, targets)) else None,
        undone=undone,
        stripped=stripped(live, of),
    )  # fmt: skip


def _free(one: States) -> bool:
    """Return whether a field is not there, and nobody owns it."""
    return one.live is ABSENT and not one.owned_live.by_us and not one.owned_live.by_others


def _claims(live: Mapping[str, Any], before: Mapping[str, Any], manager: str) -> bool:
    """Return whether the run's manager owns what it did not own before: a first write that only removed leaves that."""
    return bool(minus(fields_of(live, manager=manager), fields_of(before, manager=manager)))


def _owned(
    obj: Mapping[str, Any], ours: tuple[str, ...], changed: Collection[str] = (), since: Iterable[str] = ()
) -> Owned:
    """Return the owners; `changed` are the keys of a Secret that hold something else than the run applied.

    `since` are those that hold something else than it left: the server writes no data in a form of its own.
    """
    mine = union(*(fields_of(obj, manager=name) for name in dict.fromkeys(ours)))
    others = fields_of(obj, but=ours, status=True)
    data = (obj.get("data") or {}) if changed else {}
    return Owned(*by_data(mine, others, data, changed, since))


def _since(
    left: Mapping[str, Any], live: Mapping[str, Any], managers: Container[str], before: Mapping[str, Any] = {}
) -> Fields | None:
    """Return what some managers own that the same one did not own yet, as the run left it, and `before`."""
    had = by_identity([*managed(left), *managed(before)])
    gained = [
        minus(entry.get("fieldsV1") or {}, had.get(identity(entry), {}))
        for entry in managed(live)
        if entry.get("manager") in managers and entry.get("subresource") != "status"
    ]
    return union(*gained) or None


def _above(before: Mapping[str, Any], live: Mapping[str, Any], of: AppliedRun) -> str:
    """Return the run of another target that applied the object after the run, by its annotation; "" for none."""
    mark, targets = run_of(live), [manager_of(target) for target in marked_for(live)]
    theirs = mark not in (None, of.run, run_of(before)) and targets and of.manager not in targets
    return str(mark) if theirs else ""


def _metadata(run: str | None, live: Mapping[str, Any], merged: Mapping[str, Any]) -> dict[str, Any]:
    """Return the merged metadata, with the server's own (preconditions too) live and the annotation that is given."""
    found = {k: v for k, v in live["metadata"].items() if k not in _KEPT_EMPTY} | dict(merged)
    if "managedFields" in found:
        found["managedFields"] = merged_entries(live)
    if run is not None:
        found["annotations"] = {**(found.get("annotations") or {}), RUN: run}
    return found
