"""Build: build, intent, push, evidence; and back."""

from __future__ import annotations

import tempfile
from pathlib import Path

from ..config.build import OPTIONS
from ..errors import Failed, RollbackFailed, Transient
from ..step import Context, Effects, Item, Outcome, StepSpec
from .builder import Work
from .checks import checked, config_of
from .record import evidence, intent, pushes
from .reference import Reference
from .registry import Manifest, Registry
from .source import opened
from .untag import throwaway, untag

SPEC = StepSpec(name="build", effects=Effects.REVERSIBLE, needs_cluster=False, options=OPTIONS, hands_on=("images",))


class Build:
    """Builds an image and pushes it; later steps use its digest."""

    @property
    def spec(self) -> StepSpec:
        """What build is and needs: which program depends on the config, so check() asks for it."""
        return SPEC

    def check(self, context: Context) -> None:
        """Refuse what could not be built or pushed; begins an upload and gives it up."""
        checked(context, config_of(context))

    def execute(self, context: Context) -> Outcome:
        """Build; note what the tag points to; push."""
        config = config_of(context)
        builder = checked(context, config)
        reference = Reference.parse(str(config.image), config.insecure)
        registry = Registry(reference, context.check)
        with (
            tempfile.TemporaryDirectory(prefix="sternway-") as scratch,
            opened(config.context, context.check, context.say) as source,
        ):
            work = Work(config, reference, source, Path(scratch), context.check, context.say)
            context.say(f"building {reference.text} with {builder.name}")
            built = builder.build(work)
            before = registry.manifest()
            images = registry.images(before) if before is not None else frozenset[str]()
            context.check()
            context.journal.intent(intent(reference, before, images, built.ids, built.digest))
            try:
                digest = builder.push(work, built, registry)
            except Transient as away:
                raise Transient(f"{away}; {_unharmed(registry, before)}", remedy=away.remedy) from away
        context.journal.evidence(evidence(reference.text, digest, builder.name, source.revision))
        there = registry.manifest()
        if there is None or there.digest != digest:
            now = f"points to {there.digest}" if there is not None else "is gone"
            raise Failed(f"{reference.text} {now}, and not to {digest} that was pushed: somebody else moved it")
        result = "created" if before is None else "unchanged" if before.digest == digest else "changed"
        item = Item(reference.text, result, digest)
        context.tell([item])
        return Outcome(f"{reference.text} is {digest}", (item,), {"images": {reference.text: digest}})

    def rollback(self, context: Context) -> Outcome:
        """Point the tag where it pointed, when it still points to what this run pushed."""
        push = pushes(context.journal.intents(), context.journal.evidences())
        if push is None:
            return Outcome("nothing to undo")
        registry = Registry(push.reference, context.check)
        _, empty = throwaway(context.run, context.step)
        try:
            now = registry.manifest()
            ours = now is not None and (now.digest == empty.digest or push.made(now.digest, registry.images(now)))
            item = _undone(registry, now, push.before, ours, context)
        except Failed as bad:
            raise RollbackFailed(f"{push.reference.text}: {bad}", remedy=bad.remedy) from bad
        context.tell([item])
        return Outcome(f"{item.what}: {item.result}", (item,))


def _undone(registry: Registry, now: Manifest | None, before: Manifest | None, ours: bool, context: Context) -> Item:
    what = registry.reference.text
    if now is None:
        if before is None:
            return Item(what, "absent")
        return Item(what, "kept", "somebody deleted the tag since; it pointed to " + before.digest)
    if before is not None and now.digest == before.digest:
        return Item(what, "unchanged", before.digest)
    if not ours:
        return Item(what, "kept", f"somebody moved the tag since, to {now.digest}")
    if before is None:
        why = untag(registry, now, context.run, context.step)
        return Item(what, "kept", f"{why}; it points to what this run pushed") if why else Item(what, "deleted")
    registry.put(before)
    again = registry.manifest()
    if again is None or again.digest != before.digest:
        raise RollbackFailed(f"{what} does not take its old image {before.digest}: the registry stores another one")
    return Item(what, "restored", before.digest)


def _unharmed(registry: Registry, before: Manifest | None) -> str:
    """Say what became of the tag of a push that broke off: the last thing that is pushed is what it points to."""
    try:
        now = registry.manifest()
    except (Transient, Failed):
        return "whether the tag moved can't be told now"
    old, new = (before.digest if before else None), (now.digest if now else None)
    return "the tag has not moved" if old == new else f"the tag points to {new}"
