"""Validate: everything that can be found out without a change."""

from __future__ import annotations

from functools import partial

from ...config.built_images import image_warnings
from ...config.prune import prunes
from ...config.selection import described, untaken
from ...errors import Refused, together
from ...plural import are
from ...spec import Effects, Outcome, StepSpec
from ...step import Context

SPEC = StepSpec(name="validate", effects=Effects.NONE)


class Validate:
    """Refuses what the server would refuse later, and what could be done but not undone."""

    @property
    def spec(self) -> StepSpec:
        """What validate is and needs: asking for one's own rights is everybody's right."""
        return SPEC

    def execute(self, context: Context) -> Outcome:
        """Check namespaces, rights and every object; raises Refused with all findings."""
        from ...release.memory import memory_here, too_little_memory
        from ...release.precheck import precheck

        if little := too_little_memory(context.config, memory_here()):
            remedy = "raise argo.resources.limits.memory, or the LimitRange's default; the undo would be killed too"
            raise Refused(f"this container has too little memory: {little}", remedy=remedy)
        asks = partial(context.say, passing=True)
        config = context.config
        earlier = context.of_target if prunes(config) else None
        found = precheck(context.client, config, context.pipeline, context.target, context.target_of, asks, earlier)
        context.check()
        for preview in found.previews:
            for note in preview.notes:
                context.say(f"{preview.ref}: {note}")
        for warning in image_warnings(context.config):
            context.say(warning)
        for manifest in untaken(context.config, context.pipeline):
            context.say(described(manifest))
        if found.refusals:
            refused = together(found.refusals)
            raise Refused(refused.message, remedy=refused.remedy, details={"findings": list(found.findings)})
        count = sum(preview.result not in ("remove", "stay") for preview in found.previews)
        return Outcome(f"{are(count, 'object')} valid, and every right is there to deploy and to undo")

    def rollback(self, context: Context) -> Outcome:  # noqa: ARG002
        """Do nothing: validate has no effects."""
        return Outcome("nothing to undo")
