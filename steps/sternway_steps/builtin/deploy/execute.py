"""The execution of a deploy: what exists goes into the journal, then each wave and its evidence."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from ...config.selection import RECREATE, described, untaken
from ...kube.api_error import ApiError, unable
from ...objects.field_manager import manager_of, owns_old, shared, shared_with
from ...objects.image_digests import with_digests
from ...objects.ref import Ref
from ...objects.run_annotation import run_of
from ...objects.take_over import Claim, claiming
from ...plural import are
from ...release.apply import Applied, Applier
from ...release.replacing import to_replace
from ...release.snapshot import snapshot
from ...release.targets import objects_of
from ...spec import Item, Outcome, Progress
from ...step import Context
from .events import of_deployed, put
from .record import evidence, intent


def deploy(context: Context) -> Outcome:
    """Apply all objects, wave after wave; nothing changes before the journal holds all that the undo needs."""
    objects = objects_of(context.config, context.client, context.options)
    objects = with_digests(objects, context.handed("images"))
    context.say(f"reading how {are(len(objects), 'object')} now", passing=True)
    before = read_before(context, [Ref.of(obj) for obj in objects])
    context.check()
    manager, force = manager_of(context.target), context.config.deploy.force_conflicts
    claim = claiming(context.target, context.target_of, force=force)
    claims = {Ref.of(obj): claim(obj, before[Ref.of(obj)]) for obj in objects}
    replaced = _to_replace(context, objects, before, claims)
    if not any(spec.name == "validate" for spec in context.pipeline):
        _tell_shared(context, before)
        for manifest in untaken(context.config, context.pipeline):
            context.say(described(manifest))
    context.journal.intent(intent(objects, before, manager, claims, replaced))
    done = _Done(context, before, len(objects))
    applier = Applier(
        context.client, context.mark, manager, force, claim, context.check, done.add, done.record,
        lambda run: context.target_of(run) == context.target, replaced,
    )  # fmt: skip
    try:
        applier.apply(objects, before)
    finally:
        put(context, lambda: of_deployed(context, done.done))
    return done.outcome()


def read_before(context: Context, refs: list[Ref]) -> dict[Ref, dict[str, Any] | None]:
    """Read how objects are; what runs that were undone have written late is none of it, and is undone first."""
    before = snapshot(context.client, refs)
    late = context.undo_late({run for obj in before.values() if (run := run_of(obj)) is not None})
    for line in late:
        context.say(line)
    return snapshot(context.client, refs) if late else before


def _to_replace(
    context: Context,
    objects: list[dict[str, Any]],
    before: Mapping[Ref, dict[str, Any] | None],
    claims: Mapping[Ref, Claim | None],
) -> frozenset[Ref]:
    """Return what has to be deleted and made anew, where the step may do that; raises Failed when it can't be."""
    if context.options.get(RECREATE) is not True:
        return frozenset()
    manager, force = manager_of(context.target), context.config.deploy.force_conflicts
    try:
        return to_replace(context.client, objects, before, claims, manager, force=force)
    except ApiError as error:
        raise unable("what has to be made anew can't be told", error, "") from error


def _tell_shared(context: Context, before: Mapping[Ref, dict[str, Any] | None]) -> None:
    """Warn of objects that other targets deploy too, when no step before has."""
    for ref, obj in before.items():
        own = owns_old(obj, context.target, context.target_of)
        for other in shared_with(obj, context.target, own=own):
            context.say(f"{ref}: {shared(other)}")


class _Done:
    """What was applied so far; told as it happens, recorded when a wave is done."""

    def __init__(self, context: Context, before: Mapping[Ref, dict[str, Any] | None], wanted: int) -> None:
        self._context, self._before, self._wanted = context, before, wanted
        self.done: list[Applied] = []
        self._recorded = 0
        self._lock = threading.Lock()

    def add(self, applied: Applied) -> None:
        with self._lock:
            self.done.append(applied)
            self._context.report(_progress(applied, len(self.done), self._wanted))

    def record(self) -> None:
        with self._lock:
            fresh = self.done[self._recorded :]
            if fresh:
                self._context.journal.evidence(evidence(fresh, self._before, self._context.mark))
                self._recorded += len(fresh)

    def outcome(self) -> Outcome:
        results = [_result(applied) for applied in self.done]
        words = [f"{results.count(word)} {word}" for word in ("created", "changed", "unchanged")]
        words += [f"{number} made anew"] if (number := results.count("recreated")) else []
        return Outcome(", ".join(words))


def _result(applied: Applied) -> str:
    if applied.anew:
        return "recreated"
    return "created" if applied.created else "changed" if applied.fields else "unchanged"


def _progress(applied: Applied, done: int, wanted: int) -> Progress:
    result = _result(applied)
    return Progress(f"{applied.ref}: {result}", done, wanted, Item(str(applied.ref), result, fields=applied.fields))
