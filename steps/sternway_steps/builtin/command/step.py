"""Command: intent, run, evidence; the undo runs the command that the user gives for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...spec import Action, Effects, Outcome, StepSpec
from ...step import Context
from .keys import COMMAND
from .options import required
from .rights import JOB_RULES

if TYPE_CHECKING:
    from ...config import Config

SPEC = StepSpec(
    name="command",
    effects=Effects.REVERSIBLE,  # the config says which it is: plan puts that in its place
    options=tuple(key for key in COMMAND if key != "effects"),
    execute_rules=JOB_RULES,
    rollback_rules=JOB_RULES,
)


class Command:
    """Runs a command of the user's own, and another one to undo it: here, in a container, or as a Job."""

    # What it works with is loaded when it works: the steps beside it read its spec alone.

    @property
    def spec(self) -> StepSpec:
        """What a command is and needs."""
        return SPEC

    def runs(self, config: Config, options: Mapping[str, Any], action: Action) -> Mapping[str, Any] | None:  # noqa: ARG002  its options say it all
        """Return the command of an action, with all that decides what it does."""
        return required(options, action)

    def check(self, context: Context) -> None:
        """Look for the program, the engine, the rights, the Secrets; raises Refused with all that is missing."""
        from .execute import check

        check(context)

    def execute(self, context: Context) -> Outcome:
        """Run it; that it is about to start is in the journal before."""
        from .execute import execute

        return execute(context)

    def late(self, context: Context) -> list[str]:
        """Name the Jobs that are there though they had ended when it was undone: the network kept a request."""
        from .fence import late

        found = late(context, context.journal.history().execute)
        return [f"job/{each.name} in {each.where}" for each in found]

    def rollback(self, context: Context) -> Outcome:
        """End what may still run of it, then run the command that undoes it: once, unless it came late after that."""
        from .rollback import rollback

        return rollback(context)
