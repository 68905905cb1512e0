"""What the target deployed before and no longer names: whether a run removes it, and of which kinds."""

from __future__ import annotations

from dataclasses import replace

from ..objects.prunable import NEVER, named
from ..yamltree.document import Node
from ..yamltree.reader import Reader
from ..yamltree.scalar import InvalidValue, reads, string
from .each_step import each_step
from .schema import Config, DeployConfig, StepConfig
from .selection import DEPLOY, PRUNE

Steps = tuple[StepConfig | tuple[StepConfig, ...], ...]
_A_KIND = "a kind such as Job, or one with its API group, such as Certificate.cert-manager.io"


@reads(_A_KIND, string.schema)
def kind(node: Node) -> str:
    """Read a kind that is removed only where it is asked for; raises InvalidValue for one that never is."""
    text = string(node)
    if not all(part.replace("-", "").isalnum() for part in text.split(".")) or not text[:1].isupper():
        raise InvalidValue(f"{text!r} is no kind", _A_KIND)
    if named(text) in NEVER:
        raise InvalidValue(f"{text} is never removed: what it holds does not come back", "another kind, or none")
    return text


def prunes(config: Config) -> bool:
    """Return whether a step of the configuration removes what is no longer named."""
    return any(_prunes(step) for step, _, _ in each_step(config.steps))


def pruning(config: Config) -> Config:
    """Return a configuration whose runs remove what is no longer named."""
    deploy = replace(config.deploy, prune=True)
    return replace(config, deploy=deploy, steps=with_prune(config.steps, deploy))


def with_prune(steps: Steps, deploy: DeployConfig) -> Steps:
    """Return the steps with a last one that removes what is no longer named, where that is asked for.

    It comes last, when all that is new is applied, ready and verified: until then nothing is missing, and a run that
    fails has removed nothing. Its undo comes first, so the old is back before the new goes.
    """
    own = [step for step, _, _ in each_step(steps) if step.uses == DEPLOY]
    if not deploy.prune or not own or any(_prunes(step) for step in own):
        return steps
    return (*steps, StepConfig(PRUNE, DEPLOY, {PRUNE: True}))


def check_place(steps: Steps, node: Node, reader: Reader) -> None:
    """Report a step that removes before, or beside, one that deploys; `node` is the section's.

    What is new is there first: it may be the same object by another name (extensions/v1beta1, networking.k8s.io/v1).
    """
    found = list(each_step(steps, node))
    deploys = [field for step, _, field in found if step.uses == DEPLOY and not {PRUNE, "hooks"} & step.options.keys()]
    for step, where, field in found:
        if _prunes(step) and any(_row(other) >= _row(field) for other in deploys):
            message = f"{step.name} removes what is no longer named, so it comes after all steps that deploy"
            hint = "move it below them, or remove it and set deploy.prune: true, which puts it last"
            reader.report(where.location, field, message, hint=hint)


def _row(field: str) -> int:
    """Return which item of the section a field is or is in: 1 for steps[1][0]."""
    return int(field.partition("[")[2].partition("]")[0])


def _prunes(step: StepConfig) -> bool:
    return step.uses == DEPLOY and PRUNE in step.options
