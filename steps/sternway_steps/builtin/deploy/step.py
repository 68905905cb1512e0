"""Deploy: snapshot, intent, apply, evidence; the undo restores every object."""

from __future__ import annotations

from ...errors import RollbackFailed
from ...objects.merge import OnConflict
from ...release.removal import Remover
from ...release.restore import Restorer
from ...release.rights import ROLLOUT_RULES
from ...spec import Effects, Outcome, Rule, StepSpec
from ...step import Context
from .events import of_undone, put
from .execute import deploy
from .hooks import run_hooks, tell_left_out, tell_stays
from .late import left, marked, record_left
from .options import OPTIONS
from .record import about_to_recreate, changes
from .rollback import not_put_back, summary, undo_all

SPEC = StepSpec(
    name="deploy",
    effects=Effects.REVERSIBLE,
    options=tuple(OPTIONS.keys),
    hands_on=("hooks",),
    execute_rules=(Rule("*", ("*",), ("get", "patch", "create")),),
    rollback_rules=(
        Rule("*", ("*",), ("get", "update", "delete", "create")),
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
        if "hooks" in context.options:
            return run_hooks(context)
        tell_left_out(context)
        return deploy(context)

    def moved(self, context: Context, *, done: bool) -> list[str]:
        """Name the objects that are not as this run left them; those that it has not reached, as it read them."""
        from .unmoved import moved

        return moved(context, done=done)

    def late(self, context: Context) -> list[str]:
        """Name the objects that carry this run's mark though it was undone, but for those that its undo left."""
        history = context.journal.history()
        refs = [change.ref for change in changes(context.mark, history)]
        return [str(ref) for ref in marked(context, refs) if str(ref) not in left(history)]

    def left(self, context: Context) -> list[str]:
        """Name the objects that carry this run."""
        from .carrying import carrying

        return carrying(context)

    def rollback(self, context: Context) -> Outcome:
        """Restore every object, and continue after one that fails; then wait until workloads are healthy."""
        from .health import await_health
        from .stale_settings import StaleReaders

        journal = context.journal
        history = journal.history()
        found = changes(context.mark, history)
        restorer = Restorer(
            context.client,
            context.mark,
            OnConflict(context.config.deploy.on_conflict),
            lambda ref, obj: journal.intent(about_to_recreate(ref, obj)),
            Remover(context.client).remove,
            context.config.deploy.recreate,
        )
        if "hooks" in context.options:
            tell_stays(context, found)
        stale = StaleReaders(context, found, history)
        items = undo_all(restorer, found, context, stale.look)
        unhealthy: RollbackFailed | None = None
        healthy = ""
        try:
            healthy = await_health(context, found, items)
        except RollbackFailed as error:
            unhealthy = error
        items += stale.settle()
        put(context, lambda: of_undone(context, found, items))
        record_left(context, items)
        if bad := [item for item in items if item.result in ("conflict", "failed")]:
            raise not_put_back(bad, len(items), unhealthy)
        if unhealthy is not None:
            raise unhealthy
        return Outcome(", ".join(part for part in (summary(items), healthy) if part), tuple(items))
