"""Deploy: snapshot, intent, apply, evidence; and back."""

from __future__ import annotations

import threading
from typing import Any

from ..cluster.apply import Applied, Applier
from ..cluster.digests import with_digests
from ..cluster.manager import manager_of
from ..cluster.merge import OnConflict
from ..cluster.ref import Ref
from ..cluster.restore import Restorer
from ..cluster.rights import ROLLOUT_RULES
from ..cluster.snapshot import snapshot
from ..cluster.targets import objects_of
from ..errors import RollbackFailed
from ..step import Context, Effects, Item, Outcome, Rule, StepSpec
from .back import not_put_back, summary, undo_all
from .health import await_health
from .record import about_to_recreate, changes, evidence, intent
from .stale import StaleReaders

SPEC = StepSpec(
    name="deploy",
    effects=Effects.REVERSIBLE,
    options=("selector",),
    execute_rules=(Rule("*", ("*",), ("get", "list", "patch", "create")),),
    rollback_rules=(
        Rule("*", ("*",), ("get", "update", "delete")),
        Rule("", ("pods",), ("list", "delete"), only_with=("StatefulSet",)),
        Rule("", ("pods",), ("list",), only_with=("ConfigMap", "Secret")),
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
        """Put every object back, and go on after one that fails; then wait until workloads are healthy."""
        journal = context.journal
        found = changes(context.run, journal.intents(), journal.evidences(), journal.undo_intents())
        restorer = Restorer(
            context.client,
            context.run,
            OnConflict(context.config.deploy.on_conflict),
            lambda ref: journal.intent(about_to_recreate(ref)),
        )
        stale = StaleReaders(context, found)
        items = undo_all(restorer, found, context, stale.look)
        unhealthy: RollbackFailed | None = None
        try:
            await_health(context, found, items)
        except RollbackFailed as error:
            unhealthy = error
        items += stale.settle()
        if bad := [item for item in items if item.result in ("conflict", "failed")]:
            raise not_put_back(bad, len(items), unhealthy)
        if unhealthy is not None:
            raise unhealthy
        return Outcome(summary(items), tuple(items))


def _progress(applied: Applied, done: int, wanted: int) -> Any:
    from ..step import Progress

    result = "created" if applied.created else "changed" if applied.fields else "unchanged"
    return Progress(f"{applied.ref}: {result}", done, wanted, Item(str(applied.ref), result, fields=applied.fields))
