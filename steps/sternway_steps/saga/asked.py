"""What a person is asked before commands run that stand in a journal alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..journal.name import RunName
from ..journal.replay import Story
from ..registry.steps import Specs
from ..spec import Action
from .assembly import Assembly
from .plan import PlannedStep, make_plan
from .recorded_config import recorded_config
from .trust import Approve, Concern, Trust, approved


def asked(
    assembly: Assembly, stories: Sequence[Story], trust: Trust, approve: Approve | None, *, forward: bool = False
) -> Trust:
    """Return the trust with what a person approves of the commands that these runs would have run.

    Args:
        assembly: what puts runs together.
        stories: the runs that are undone.
        trust: what there is to go by.
        approve: asks; None when nobody can be asked.
        forward: they go on forward first.

    Raises: Refused when it is not approved; nothing was touched.

    """
    found = [concern for story in stories for concern in _concerns(assembly, story, trust, forward=forward)]
    return approved(trust, found, approve)


def _concerns(assembly: Assembly, story: Story, trust: Trust, *, forward: bool) -> Iterator[Concern]:
    if unchained := trust.unchained(story):
        yield unchained
    config, name = recorded_config(story), str(RunName(story.run, story.place))
    plan = make_plan(config.steps, Specs(assembly.steps, config.declared), config.on_end)
    ahead = plan.steps if forward else ()
    undone = [step for step in plan.undo_of({step.name for step in ahead} | story.begun()) if step.undoable]
    ending = [step for step in plan.on_end if forward or step.on != "success"]
    each: list[tuple[PlannedStep, Action]] = [(step, Action.EXECUTE) for step in (*ahead, *ending)]
    for step, action in [*each, *((step, Action.ROLLBACK) for step in undone)]:
        if concern := trust.concern(name, step, assembly.steps.get(step.spec.name), config, action):
            yield concern
