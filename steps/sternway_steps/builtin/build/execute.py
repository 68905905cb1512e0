"""The execution: build, intent, push, evidence."""

from __future__ import annotations

import tempfile
from pathlib import Path

from ...errors import Failed, Transient
from ...spec import Item, Outcome
from ...step import Context
from .builder import Work
from .checks import checked, config_of
from .record import evidence, intent
from .reference import Reference
from .registry import Manifest, Registry
from .source import opened


def execute(context: Context) -> Outcome:
    """Build the image, record what the tag points to, and push."""
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


def _unharmed(registry: Registry, before: Manifest | None) -> str:
    """Return what became of the tag after a push that broke off: the tag is the last thing that a push writes."""
    try:
        now = registry.manifest()
    except (Transient, Failed):
        return "whether the tag moved can't be told now"
    old, new = (before.digest if before else None), (now.digest if now else None)
    return "the tag has not moved" if old == new else f"the tag points to {new}"
