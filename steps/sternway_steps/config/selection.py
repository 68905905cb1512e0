"""Which objects a step takes: plan, run, checks and rights read this one selection. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from ..errors import Refused, together
from ..objects.selector import selector
from ..plural import count
from ..spec import StepSpec
from ..yamltree.document import Node
from ..yamltree.reader import Reader
from .each_step import Steps, each_changed, each_step
from .manifest import Manifest
from .schema import Config, StepConfig

DEPLOY = "deploy"
RECREATE = "recreate"
"""The option of a deploy step that lets it delete and make anew what can't be changed."""
HOOKS, PRUNE = "hooks", "prune"
"""The options of a deploy step that deploys nothing: it runs Helm's hooks, or removes what is no longer named."""
_TAKING = (DEPLOY, "verify")
_SHOWN = 5


class Deploying(Protocol):
    """A configuration, as far as it says what is deployed by which steps."""

    @property
    def manifests(self) -> tuple[Manifest, ...]:
        """All its objects."""

    @property
    def steps(self) -> tuple[StepConfig | tuple[StepConfig, ...], ...]:
        """Its steps."""


def deploys(step: StepConfig) -> bool:
    """Return whether a step applies objects of the manifests."""
    return step.uses == DEPLOY and HOOKS not in step.options and PRUNE not in step.options


def selected(manifests: Iterable[Manifest], options: Mapping[str, Any] | None) -> list[Manifest]:
    """Return the objects that a step with these options takes; raises Refused for what is no selector."""
    if not options or "selector" not in options:
        return list(manifests)
    selects = selector(str(options["selector"]))
    return [manifest for manifest in manifests if selects(manifest.obj)]


def taken(config: Deploying) -> list[Manifest]:
    """Return the objects that any deploy step takes, in their order; all of them where no step deploys."""
    deploying = [step for step in _steps(config.steps) if deploys(step)]
    if not deploying:
        return list(config.manifests)
    some = {id(manifest) for step in deploying for manifest in selected(config.manifests, step.options)}
    return [manifest for manifest in config.manifests if id(manifest) in some]


def may_recreate(config: Deploying) -> list[Manifest]:
    """Return the objects that a deploy step takes which may make them anew."""
    steps = [step for step in _steps(config.steps) if step.uses == DEPLOY and step.options.get(RECREATE) is True]
    return [manifest for step in steps for manifest in selected(config.manifests, step.options)]


def recreating(steps: Steps) -> tuple[StepConfig | tuple[StepConfig, ...], ...]:
    """Return steps of which those that deploy may make anew what can't be changed."""

    def change(step: StepConfig) -> StepConfig:
        return replace(step, options={**step.options, RECREATE: True}) if deploys(step) else step

    return each_changed(steps, change)


def untaken(config: Deploying, pipeline: Iterable[StepSpec]) -> list[Manifest]:
    """Return the objects that no step deploys; none where a step of another package may deploy them."""
    if any(spec.name != DEPLOY and _may_deploy(spec) for spec in pipeline):
        return []
    some = [step.options for step in _steps(config.steps) if deploys(step)]
    mine = {id(manifest) for options in some for manifest in selected(config.manifests, options)}
    return [manifest for manifest in config.manifests if id(manifest) not in mine]


def described(manifest: Manifest) -> str:
    """Say in words that nothing deploys an object."""
    obj = manifest.obj
    return f"{obj['kind'].lower()}/{obj['metadata']['name']} ({manifest.source}): no deploy step takes it"


def nothing_selected(step: StepConfig, manifests: Sequence[Manifest], hooks: Sequence[Manifest] = ()) -> str:
    """Return why a step would have nothing to do, "" when it has; its selector is one."""
    if step.uses not in _TAKING or HOOKS in step.options or PRUNE in step.options:
        return ""
    if "selector" not in step.options:
        return "there is no object to deploy" if step.uses == DEPLOY and not manifests and not hooks else ""
    if selected(manifests, step.options):
        return ""
    of = f"none of {count(len(manifests), 'object')}" if manifests else "nothing, for there are no objects"
    return f"{step.options['selector']} selects {of}"


def labels_of(manifests: Iterable[Manifest]) -> str:
    """Return a hint on the labels that there are to select by."""
    pairs = (item for manifest in manifests for item in (manifest.obj["metadata"].get("labels") or {}).items())
    found = list(dict.fromkeys(f"{key}={value}" for key, value in pairs))
    more = ", …" if len(found) > _SHOWN else ""
    return f"the labels there are: {', '.join(found[:_SHOWN])}{more}" if found else "none of them has a label"


def check_selections(
    steps: Steps, root: Node, manifests: list[Manifest], hooks: list[Manifest], reader: Reader
) -> None:
    """Report steps that would have nothing to do: a run that deploys nothing would end well."""
    written = root.value["steps"].node if "steps" in root.value else None
    for step, where, field in each_step(steps, written):
        if not (why := nothing_selected(step, manifests, hooks)):
            continue
        if "selector" in step.options:
            entry = where.value["with"].node.value["selector"]
            reader.report(entry.location, f"{field}.with.selector", why, hint=labels_of(manifests))
        else:
            hint = "the files that it names hold none" if "manifests" in root.value else ""
            location = root.value["manifests"].location if hint else where.location
            reader.report(location, "manifests", why, "objects, or image", hint)


def require_selections(config: Config) -> None:
    """Refuse a run whose steps would have nothing to do; raises Refused with all of them."""
    findings = [
        Refused(
            f"{f'{step.place}: ' if step.place else ''}steps: {step.name}: {why}", remedy=labels_of(config.manifests)
        )
        for step in _steps((*config.steps, *config.on_end))
        if (why := nothing_selected(step, config.manifests, config.hooks))
    ]
    if findings:
        raise together(findings)


def _steps(steps: Steps) -> Iterator[StepConfig]:
    return (step for step, _, _ in each_step(steps))


def _may_deploy(spec: StepSpec) -> bool:
    return any(rule.resources == ("*",) and {"create", "patch"} & set(rule.verbs) for rule in spec.execute_rules)
