"""Helm's hooks: objects that are created one after another before or after a deploy, and waited for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...config.hooks import described
from ...errors import Refused
from ...objects.image_digests import with_digests
from ...objects.order import wave_of
from ...objects.ref import Ref
from ...objects.run_annotation import run_of
from ...objects.selector import selector
from ...release.hooks import runs
from ...release.restore import Change
from ...release.snapshot import snapshot
from ...release.targets import hooks_of, objects_of
from ...spec import Outcome
from ...step import Context
from .hook_run import HookRun, hook

EVENT = "hooks"
"""The name under which the step before the deploy hands on whether this is an install or an upgrade."""


def run_hooks(context: Context) -> Outcome:
    """Make the hooks of this step in the order of weight, kind and name, each when the one before it is done.

    What runs is made anew, if its delete policy lets go of what an earlier release left; all else is applied.
    It is an install when nothing of the deployment is there yet; namespaces and definitions are no sign of it.

    Raises: Refused, Transient, Failed.
    """
    when = str(context.options["hooks"])
    if when not in ("before", "after"):
        raise Refused(f"step {context.step}: hooks is {when!r}", remedy="hooks: before, or hooks: after")
    event = _event(context) if when == "before" else context.handed(EVENT).get("event")
    if event is None:
        remedy = "name a step with `hooks: before` ahead of the deploy: it sees whether this is an install"
        raise Refused(f"step {context.step}: no step ran the hooks before the deploy", remedy=remedy)
    wanted = f"{'pre' if when == 'before' else 'post'}-{event}"
    objects = [obj for obj in hooks_of(context.config, context.client) if wanted in hook(obj).events]
    objects = sorted(with_digests(objects, context.handed("images")), key=_order)
    done = HookRun(context).run(objects) if objects else 0
    handed = {EVENT: {"event": event}} if when == "before" else {}
    return Outcome(f"{done} hooks done for {wanted}" if objects else f"no hooks for {wanted}", hands_on=handed)


def tell_left_out(context: Context) -> None:
    """Say which of the objects that this step deploys are left out, for they are hooks."""
    selects = selector(str(context.options["selector"])) if "selector" in context.options else lambda _: True
    for manifest in context.config.left_out:
        if selects(manifest.obj):
            context.say(f"left out: {described(manifest)}")


def tell_stays(context: Context, changes: list[Change]) -> None:
    """Report what the undo of hooks does not reach."""
    for change in changes:
        if runs(change.ref):
            context.say(f"what {change.ref} did stays: its undo deletes it alone")


def _event(context: Context) -> str:
    """Return whether this is an install or an upgrade; a retried attempt sees the same, for the deploy comes later."""
    objects = objects_of(context.config, context.client)
    refs = [Ref.of(obj) for obj in objects if obj["kind"] not in ("Namespace", "CustomResourceDefinition")]
    there = snapshot(context.client, refs).values()
    return "upgrade" if any(obj is not None and run_of(obj) != context.mark for obj in there) else "install"


def _order(obj: Mapping[str, Any]) -> tuple[int, int, str, str]:
    return hook(obj).weight, wave_of(obj["kind"]), obj["kind"], obj["metadata"]["name"]
