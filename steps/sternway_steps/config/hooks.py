"""Helm's hooks among the manifests (helm.sh/docs/topics/charts_hooks): which are left out, which run as a step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..yamltree.reader import Reader
from .manifest import Manifest
from .schema import StepConfig

BEFORE, AFTER = ("pre-install", "pre-upgrade"), ("post-install", "post-upgrade")
_NEVER_RUN = ("pre-delete", "post-delete", "pre-rollback", "post-rollback")
_TESTS = ("test", "test-success", "test-failure")
_POLICIES = ("before-hook-creation", "hook-succeeded", "hook-failed")
Steps = tuple[StepConfig | tuple[StepConfig, ...], ...]


@dataclass(frozen=True)
class Hook:
    """What an object's annotations say: the events, the weight, and the delete policies."""

    events: tuple[str, ...]
    weight: int = 0
    policies: tuple[str, ...] = _POLICIES[:1]


@dataclass
class SortedManifests:
    """The manifests of a config: what is deployed, what runs as a hook, and which hooks are left out."""

    manifests: list[Manifest] = field(default_factory=list)
    hooks: list[Manifest] = field(default_factory=list)
    left_out: list[Manifest] = field(default_factory=list)


def hook_of(obj: Mapping[str, Any]) -> Hook | None:
    """Return an object as a hook; None when it is none. Raises ValueError for words that Helm does not have."""
    notes = obj["metadata"].get("annotations") or {}
    events = _words(notes.get("helm.sh/hook"))
    if not events:
        return None
    if unknown := set(events) - {*BEFORE, *AFTER, *_NEVER_RUN, *_TESTS}:
        raise ValueError(f"{', '.join(sorted(unknown))} is no hook of Helm")
    policies = _words(notes.get("helm.sh/hook-delete-policy"))
    if unknown := set(policies) - set(_POLICIES):
        raise ValueError(f"{', '.join(sorted(unknown))} is no delete policy of a hook")
    weight = str(notes.get("helm.sh/hook-weight", "0"))
    if not weight.lstrip("+-").isdecimal():
        raise ValueError(f"{weight!r} is no weight of a hook")
    return Hook(events, int(weight), policies or Hook.policies)


def sort_out(manifests: Iterable[Manifest], mode: str | None, reader: Reader) -> SortedManifests:
    """Separate hooks from what is deployed. Tests are left out; others are findings without a `mode`."""
    found = SortedManifests()
    for manifest in manifests:
        try:
            hook = hook_of(manifest.obj)
        except ValueError as bad:
            reader.report(manifest.location, "metadata.annotations", str(bad))
            continue
        if hook is None:
            found.manifests.append(manifest)
        elif mode == "run" and {*BEFORE, *AFTER} & set(hook.events):
            found.hooks.append(manifest)
        elif mode or set(hook.events) <= set(_TESTS):
            found.left_out.append(manifest)
        else:
            what = f"{manifest.obj['kind']} {manifest.obj['metadata']['name']}"
            message = f"{what} is a hook of Helm ({', '.join(hook.events)}), and no part of what is deployed"
            hint = "`hooks: run` makes steps before and after the deploy of them, `hooks: ignore` leaves them out"
            reader.report(manifest.location, "metadata.annotations", message, hint=hint)
    return found


def with_hooks(steps: Steps, hooks: Iterable[Manifest]) -> Steps:
    """Return the steps with one for hooks before the first deploy, and one after the last deploy or verify."""
    groups = [item if isinstance(item, tuple) else (item,) for item in steps]
    deploys = [number for number, group in enumerate(groups) if any(step.uses == "deploy" for step in group)]
    own = any("hooks" in step.options for group in groups for step in group)
    if not deploys or own or not list(hooks):
        return steps
    last = max(n for n, group in enumerate(groups) if any(step.uses in ("deploy", "verify") for step in group))
    before, after = (StepConfig(f"hooks-{when}", "deploy", {"hooks": when}) for when in ("before", "after"))
    return (*steps[: deploys[0]], before, *steps[deploys[0] : last + 1], after, *steps[last + 1 :])


def described(manifest: Manifest) -> str:
    """Return a hook in words: kind, name, events and location."""
    events = (manifest.obj["metadata"].get("annotations") or {}).get("helm.sh/hook")
    return f"{manifest.obj['kind']} {manifest.obj['metadata']['name']} ({manifest.source}), a hook of Helm: {events}"


def _words(value: Any) -> tuple[str, ...]:
    return tuple(word for part in str(value or "").split(",") if (word := part.strip()))
