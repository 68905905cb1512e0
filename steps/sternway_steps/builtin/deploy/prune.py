"""The step that removes what the target deployed before and no longer names; and its undo, which puts it back."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import Any

from ...errors import RollbackFailed
from ...objects.field_manager import manager_of
from ...objects.fields import content
from ...objects.merge import OnConflict
from ...objects.ref import Ref
from ...plural import count
from ...release.drift import Drift
from ...release.prune import REMOVED, Unnamed
from ...release.prune_removal import remove, require_removable
from ...release.removal import Remover
from ...release.restore import Change, Restorer
from ...release.snapshot import snapshot
from ...release.unnamed import look_for_unnamed
from ...spec import History, Item, Outcome
from ...step import Context
from .events import of_undone, put
from .health import await_health, is_judged_here, was_healthy
from .late import record_left
from .made_anew import MadeAnew
from .record import about_to_recreate
from .rollback import concluded, undo_all


def prune(context: Context) -> Outcome:
    """Remove it, when it is the target's alone; what stays is named. The journal holds all of it before the first goes.

    Raises: Failed, Transient.
    """
    context.say("reading what the target deployed before", passing=True)
    applied = {entry["uid"] for data in context.evidence_of("deploy") for entry in data.get("objects") or ()}
    found = look_for_unnamed(context.client, context.config, context.target, context.of_target, applied)
    for one in found:
        if one.why:
            context.say(f"{one.ref} is no longer named, and stays: {one.why}")
    going = [one for one in found if not one.why]
    if not going:
        return Outcome("nothing to remove")
    context.check()
    require_removable(context.client, going)
    context.journal.intent(_intent(going, manager_of(context.target)))
    done = _Done(context)
    remove(context.client, going, context.check, done.add, done.record)
    return Outcome(f"{count(len(going), 'object')} removed", tuple(done.items))


def put_back(context: Context) -> Outcome:
    """Make anew what was removed, as it was, and continue after one that fails.

    Whether it is healthy is judged when all is back: what a workload reads may be the deploy's to put back.
    """
    journal = context.journal
    found = removals(journal.history())
    made = MadeAnew(context, lambda ref, obj: journal.intent(about_to_recreate(ref, obj)))
    policy, recreate = OnConflict(context.config.deploy.on_conflict), context.config.deploy.recreate
    restorer = Restorer(
        context.client, context.mark, policy, made.about_to, Remover(context.client).remove, recreate=recreate
    )
    items = undo_all(restorer, found, context, lambda _: None)
    made.record(found)
    unhealthy: RollbackFailed | None = None
    healthy = ""
    if is_judged_here(context):
        try:
            healthy = await_health(context, found, items)
        except RollbackFailed as error:
            unhealthy = error
    put(context, lambda: of_undone(context, found, items))
    record_left(context, items)
    return concluded(items, healthy, unhealthy)


def removals(history: History) -> list[Change]:
    """Return what all attempts of a run were about to remove; of an object the latest reading counts."""
    recreating = {Ref(*data["recreate"]): data.get("object") for data in history.rollback.intents if "recreate" in data}
    found: dict[Ref, Change] = {}
    for data in history.execute.intents:
        for entry in data["objects"]:
            ref = Ref.of(entry["before"])
            found[ref] = Change(
                ref, entry["before"], entry["applied"], recreating=ref in recreating, anew=recreating.get(ref),
                manager=str(data["manager"]), removed=True,
            )  # fmt: skip
    return list(found.values())


def moved_since(context: Context, *, done: bool) -> list[str]:
    """Name what somebody else changed of what this run has removed, or was about to."""
    found = removals(context.journal.history())
    live = snapshot(context.client, [change.ref for change in found])
    return [str(drift) for change in found if (drift := _drift(change, live[change.ref], done=done)) is not None]


def _drift(change: Change, live: Mapping[str, Any] | None, *, done: bool) -> Drift | None:
    before = change.before
    if live is None or before is None:
        return None
    if live["metadata"]["uid"] != before["metadata"]["uid"]:
        return Drift(change.ref, "somebody created another one of that name since this run removed it")
    if done or "deletionTimestamp" in live["metadata"] or content(live) == content(before):
        return None
    return Drift(change.ref, "somebody changed it since this run was about to remove it")


def _intent(going: Iterable[Unnamed], manager: str) -> dict[str, Any]:
    """Return the record of what is about to be removed, each as it is: all that its undo needs."""
    return {
        "manager": manager,
        "objects": [{"applied": _bare(one.ref), "before": one.live, "removed": True} for one in going],
    }


def _bare(ref: Ref) -> dict[str, Any]:
    namespace = {"namespace": ref.namespace} if ref.namespace else {}
    return {"apiVersion": ref.api_version, "kind": ref.kind, "metadata": {"name": ref.name, **namespace}}


class _Done:
    """What was removed so far; told as it happens, recorded when a wave is done."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._lock = threading.Lock()
        self._fresh: list[Unnamed] = []
        self.items: list[Item] = []

    def add(self, one: Unnamed) -> None:
        item = Item(str(one.ref), "deleted", "no longer named")
        with self._lock:
            self._fresh.append(one)
            self.items.append(item)
        self._context.tell([item])

    def record(self) -> None:
        with self._lock:
            fresh, self._fresh = self._fresh, []
        if fresh:
            self._context.journal.evidence({"objects": [], REMOVED: [self._entry(one) for one in fresh]})

    def _entry(self, one: Unnamed) -> dict[str, Any]:
        ref = one.ref
        named = [ref.api_version, ref.kind, ref.namespace, ref.name]
        return {"ref": named, "uid": one.live["metadata"]["uid"], "healthy": was_healthy(one.live, self._context)}
