"""Deploy: snapshot, intent, apply, evidence; and back."""

from __future__ import annotations

import threading
from typing import Any

from ..cluster.apply import Applied, Applier
from ..cluster.digests import with_digests
from ..cluster.manager import manager_of
from ..cluster.merge import OnConflict
from ..cluster.order import wave_of
from ..cluster.parallel import side_by_side
from ..cluster.ref import Ref
from ..cluster.restore import Change, Restorer
from ..cluster.rights import ROLLOUT_RULES
from ..cluster.snapshot import snapshot
from ..cluster.targets import objects_of
from ..errors import Refused, RollbackFailed, Transient
from ..step import Context, Effects, Item, Outcome, Rule, StepSpec
from .health import await_health
from .record import about_to_recreate, changes, evidence, intent

SPEC = StepSpec(
    name="deploy",
    effects=Effects.REVERSIBLE,
    options=("selector",),
    execute_rules=(Rule("*", ("*",), ("get", "list", "patch", "create")),),
    rollback_rules=(
        Rule("*", ("*",), ("get", "update", "delete")),
        Rule("", ("pods",), ("list", "delete"), only_with=("StatefulSet",)),
        *ROLLOUT_RULES,
    ),
)


class Deploy:
    """Applies the config's objects with server-side apply."""

    @property
    def spec(self) -> StepSpec:
        """What deploy is and needs."""
        return SPEC

    def execute(self, context: Context) -> Outcome:
        """Apply all objects, wave after wave; what is there now is in the journal before the first change."""
        objects = objects_of(context.config, context.client, context.options)
        objects = with_digests(objects, context.handed("images"))
        context.say(f"reading {len(objects)} objects as they are now")
        before = snapshot(context.client, [Ref.of(obj) for obj in objects])
        context.check()
        manager = manager_of(context.target)
        context.journal.intent(intent(objects, before, manager))
        done: list[Applied] = []
        lock = threading.Lock()

        def on_applied(applied: Applied) -> None:
            with lock:
                done.append(applied)
                context.report(_progress(applied, len(done), len(objects)))

        force = context.config.deploy.force_conflicts
        applier = Applier(context.client, context.run, manager, force, context.check, on_applied)
        try:
            applier.apply(objects, before)
        finally:
            if done:
                context.journal.evidence(evidence(done, before, context.run))
        created = sum(applied.created for applied in done)
        changed = sum(bool(applied.fields) and not applied.created for applied in done)
        same = len(done) - created - changed
        return Outcome(f"{created} created, {changed} changed, {same} unchanged")

    def rollback(self, context: Context) -> Outcome:
        """Put every object back, last wave first; go on after one that fails; then wait until workloads are healthy."""
        journal = context.journal
        found = changes(context.run, journal.intents(), journal.evidences(), journal.undo_intents())
        restorer = Restorer(
            context.client,
            context.run,
            OnConflict(context.config.deploy.on_conflict),
            lambda ref: journal.intent(about_to_recreate(ref)),
        )
        items = _undo_all(restorer, found, context)
        bad = [item for item in items if item.result in ("conflict", "failed")]
        if bad:
            first = f"{bad[0].what}: {bad[0].why}"
            raise RollbackFailed(
                f"{len(bad)} of {len(items)} objects could not be put back; {first}",
                remedy="--on-conflict merge leaves fields as others set them, --on-conflict force puts ours back",
            )
        await_health(context, found, items)
        return Outcome(_summary(items), tuple(items))


def _undo_all(restorer: Restorer, found: list[Change], context: Context) -> list[Item]:
    from ..cluster.api_error import ApiError

    away: list[ApiError] = []

    def one(change: Change) -> Item:
        context.check()
        try:
            item = restorer.undo(change)
        except ApiError as error:
            if error.retryable or error.unreachable:
                away.append(error)
            item = Item(str(change.ref), "failed", str(error))
        except (Refused, Transient) as unwritten:  # what has to be made anew needs its record first
            item = Item(str(change.ref), "failed", str(unwritten))
        context.tell([item])
        return item

    items: list[Item] = []
    for wave in sorted({wave_of(change.ref.kind) for change in found}, reverse=True):
        items += side_by_side(one, [change for change in found if wave_of(change.ref.kind) == wave])
    if away:
        raise Transient(f"the undo is not complete: {away[0]}", retry_after=away[0].retry_after)
    return items


def _progress(applied: Applied, done: int, wanted: int) -> Any:
    from ..step import Progress

    result = "created" if applied.created else "changed" if applied.fields else "unchanged"
    return Progress(f"{applied.ref}: {result}", done, wanted, Item(str(applied.ref), result, fields=applied.fields))


def _summary(items: list[Item]) -> str:
    counts: dict[str, int] = {}
    for item in items:
        counts[item.result] = counts.get(item.result, 0) + 1
    return ", ".join(f"{count} {result}" for result, count in counts.items()) or "nothing to undo"
