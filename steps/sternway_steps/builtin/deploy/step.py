"""Deploy: snapshot, intent, apply, evidence; the undo restores every object."""

from __future__ import annotations

from ...config.selection import HOOKS, PRUNE
from ...release.rights import ROLLOUT_RULES
from ...spec import Effects, Outcome, Rule, StepSpec
from ...step import Context
from .options import OPTIONS

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

    # What it works with is loaded when it works: the steps beside it read its spec alone.

    @property
    def spec(self) -> StepSpec:
        """What deploy is and needs."""
        return SPEC

    def execute(self, context: Context) -> Outcome:
        """Apply all objects, wave after wave; what is there now is in the journal before the first change."""
        from .hooks import run_hooks, tell_left_out

        if HOOKS in context.options:
            return run_hooks(context)
        if PRUNE in context.options:
            from .prune import prune

            return prune(context)
        from .execute import deploy

        tell_left_out(context)
        return deploy(context)

    def moved(self, context: Context, *, done: bool) -> list[str]:
        """Name the objects that are not as this run left them; those that it has not reached, as it read them."""
        if PRUNE in context.options:
            from .prune import moved_since

            return moved_since(context, done=done)
        from .unmoved import moved

        return moved(context, done=done)

    def late(self, context: Context) -> list[str]:
        """Name the objects that carry this run's mark though it was undone, but for those that its undo left."""
        if PRUNE in context.options:
            return []  # a removal that comes late meets another UID than its own
        from .late import late_where_readable, left
        from .record import changes

        history = context.journal.history()
        refs = [change.ref for change in changes(context.mark, history)]
        return [str(ref) for ref in late_where_readable(context, refs) if str(ref) not in left(history)]

    def left(self, context: Context) -> list[str]:
        """Name the objects that carry this run."""
        from .carrying import carrying

        return carrying(context)

    def rollback(self, context: Context) -> Outcome:
        """Restore every object, and continue after one that fails; then wait until workloads are healthy."""
        if PRUNE in context.options:
            from .prune import put_back

            return put_back(context)
        from .undo import undo

        return undo(context)
