"""The execution: build, push by digest or under a tag of our own, move the tag."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...errors import Failed, Stopped, Transient
from ...spec import Item, Outcome
from ...step import Context
from .builder import Builder, Built, Work
from .checks import checked, config_of
from .move import Move, verified
from .record import PushRecord
from .reference import Reference
from .registry import Manifest, Registry
from .source import opened
from .staging import remove, staging_of

_TRIES = 3


def execute(context: Context) -> Outcome:
    """Build the image, push it, record what the tag points to, and move the tag."""
    config = config_of(context)
    builder = checked(context, config)
    reference = Reference.parse(str(config.image), config.insecure)
    registry = Registry(reference, context.check)
    with (
        tempfile.TemporaryDirectory(prefix="sternway-") as scratch,
        opened(config.context, context.check, context.say) as source,
    ):
        staging = staging_of(registry, context, builder)
        work = Work(config, reference, source, Path(scratch), context.check, context.say, staging)
        context.say(f"building {reference.text} with {builder.name}")
        built = builder.build(work)
        context.check()
        tag = staging.tag if builder.stages else ""
        record = PushRecord(context.journal, reference, builder.name, built.ids, tag, source.revision)
        move = Move(registry, record, context.require_lease, context.say)
        move.look(built.digest, pushing=True)
        with _staged(context, builder, work):
            try:
                manifest = _pushed(builder, work, built, registry)
            except (Failed, Transient, Stopped):  # the program has ended, and with it what it asked for
                record.answered()
                raise
            before = move.to(manifest)
    digest = manifest.digest
    result = "created" if before is None else "unchanged" if before.digest == digest else "changed"
    item = Item(reference.text, result, digest)
    context.tell([item])
    return Outcome(f"{reference.text} is {digest}", (item,), {"images": {reference.text: digest}})


def _pushed(builder: Builder, work: Work, built: Built, registry: Registry) -> Manifest:
    """Push, and hold what the registry has then against what was built; no tag but the one for it has moved."""
    for last in (*[False] * (_TRIES - 1), True):
        try:
            return verified(registry, builder.push(work, built), built)
        except Transient as away:
            if last or away.retry_after is not None:
                raise Transient(
                    f"{away}; the tag has not moved", remedy=away.remedy, retry_after=away.retry_after
                ) from away
            work.say(f"{away}; once more")
    raise AssertionError("the last try returns or raises")


@contextmanager
def _staged(context: Context, builder: Builder, work: Work) -> Iterator[None]:
    """Remove what is only there to push, whatever becomes of the push: the engine's name and the registry's tag."""
    try:
        yield
    finally:
        builder.forget(work.config, work.staging.text)
        if builder.stages:
            why = remove(work.staging, context.mark, context.step)
            if why:
                context.say(f"{work.staging.text} stays: {why}")
