"""Verify: is what was deployed ready, and does it answer?"""

from __future__ import annotations

import time

from ...errors import Failed, Stopped
from ...kube.sent_secrets import values_among
from ...objects.ref import Ref
from ...release.rights import ROLLOUT_RULES
from ...release.targets import namespace_of, objects_of
from ...spec import Effects, Outcome, Rule, StepSpec
from ...step import Context
from .http import check
from .keys import OPTIONS
from .unchanged import check_still, uids_of

SPEC = StepSpec(
    name="verify",
    effects=Effects.NONE,
    options=tuple(OPTIONS.keys),
    execute_rules=(
        *ROLLOUT_RULES,
        Rule("", ("services/proxy",), ("get",), with_http=True),
    ),
)


class Verify:
    """Fails fast on evidence: cause, log lines and events are in the error's details."""

    @property
    def spec(self) -> StepSpec:
        """What verify is and needs."""
        return SPEC

    def execute(self, context: Context) -> Outcome:
        """Watch the rollout, make the HTTP checks, and check that everything is still what was deployed."""
        from ...rollout.wait import RunFacts, watch_rollout

        config = context.config.verify
        end = time.monotonic() + config.deadline
        if context.deadline is not None:
            end = min(end, context.deadline)
        refs = [Ref.of(obj) for obj in objects_of(context.config, context.client, context.options)]
        objects = objects_of(context.config, context.client)
        report = watch_rollout(
            context.client,
            refs,
            stop=context.stop,
            deadline=end,
            grace=config.grace,
            rules=config.rules,
            on_progress=context.report,
            facts=RunFacts(objects=objects, uids=uids_of(context), secrets=values_among(objects)),
        )
        check_still(context, refs, "" if report.ready else report.summary)
        if not report.ready:
            if context.deadline is not None and time.monotonic() >= context.deadline:
                raise Stopped(f"the deadline passed: {report.summary}", details=report.to_dict())
            raise Failed(report.summary, details=report.to_dict())
        namespace = namespace_of(context.config, context.client)
        lines = [check(context, wanted, wanted.namespace or namespace) for wanted in config.http]
        if lines:
            check_still(context, refs)
        return Outcome("; ".join([report.summary, *lines]))

    def rollback(self, context: Context) -> Outcome:  # noqa: ARG002
        """Do nothing: verify has no effects."""
        return Outcome("nothing to undo")
