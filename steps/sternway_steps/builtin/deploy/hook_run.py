"""Creates hooks one after another, each when the previous one is done, and deletes them by their policies."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from ...config.hooks import Hook, hook_of
from ...errors import Failed, Refused
from ...kube.api_error import ApiError
from ...kube.sent_secrets import values_among
from ...kube.wait import wait_until_deleted
from ...objects.field_manager import manager_of
from ...objects.ref import Ref
from ...objects.run_annotation import run_of
from ...objects.take_over import claiming
from ...release.apply import Applied, Applier
from ...release.hooks import runs
from ...release.removal import Remover
from ...release.targets import objects_of
from ...spec import Item
from ...step import Context
from .execute import read_before
from .record import evidence, intent


def hook(obj: Mapping[str, Any]) -> Hook:
    """Read what a hook says of itself."""
    found = hook_of(obj)
    assert found is not None  # noqa: S101  only hooks are among a config's hooks
    return found


class HookRun:
    """One attempt at the hooks of a step."""

    def __init__(self, context: Context) -> None:
        self._context, self._client = context, context.client
        self._force = context.config.deploy.force_conflicts
        self._claim = claiming(context.target, context.target_of, force=self._force)
        self._made: list[tuple[Hook, Applied]] = []
        self._secrets: set[bytes] = set()

    def run(self, objects: list[dict[str, Any]]) -> int:
        """Create all hooks; return how many."""
        context = self._context
        live = read_before(context, [Ref.of(obj) for obj in objects])
        self._refuse_strangers(objects, live)
        # What ran before the run is not made again by an undo: there it counts as not there.
        before = {ref: None if runs(ref) else obj for ref, obj in live.items()}
        context.check()
        self._secrets = values_among([*objects, *objects_of(context.config, context.client)])
        claims = {Ref.of(obj): self._claim(obj, before[Ref.of(obj)]) for obj in objects}
        context.journal.intent(intent(objects, before, manager_of(context.target), claims))
        for obj in objects:
            ref = Ref.of(obj)
            try:
                self._one(obj, live[ref], before)
            except Failed:
                # As Helm does: the one that failed by its policy, those that were done before it by theirs.
                self._delete("hook-failed", [created for created in self._made if created[1].ref == ref])
                self._delete("hook-succeeded", [created for created in self._made if created[1].ref != ref])
                raise
        self._delete("hook-succeeded", self._made)
        return len(objects)

    def _refuse_strangers(self, objects: list[dict[str, Any]], live: Mapping[Ref, dict[str, Any] | None]) -> None:
        findings = []
        for obj in objects:
            ref = Ref.of(obj)
            there = live[ref]
            if there is None or not runs(ref) or run_of(there) == self._context.mark:
                continue
            if hook_of(there) is None:
                findings.append(f"{ref} is there, and is no hook: it is not deleted to run it again")
            elif "before-hook-creation" not in hook(obj).policies:
                findings.append(f"{ref} is there from an earlier release, and its delete policy keeps it")
        if findings:
            raise Refused("\n".join(findings), remedy="delete it by hand, or give the hook another name or policy")

    def _one(
        self, obj: dict[str, Any], live: dict[str, Any] | None, before: Mapping[Ref, dict[str, Any] | None]
    ) -> None:
        from ...rollout.wait import RunFacts, watch_rollout

        context, ref = self._context, Ref.of(obj)
        if live is not None and runs(ref) and run_of(live) != context.mark:
            context.say(f"deleting {ref}, which an earlier release left")
            self._client.delete(ref, uid=live["metadata"]["uid"])
            if wait_until_deleted(self._client, ref, live["metadata"]["uid"]) is not None:
                raise Failed(f"{ref} of an earlier release can't be deleted", remedy="look at its finalizers")
        applier = Applier(
            self._client, context.mark, manager_of(context.target), self._force, self._claim, context.check,
            lambda applied: self._applied(hook(obj), applied, before),
        )  # fmt: skip
        applier.apply([obj], before)
        verify = context.config.verify
        end = min(time.monotonic() + verify.deadline, context.deadline or float("inf"))
        report = watch_rollout(
            self._client, [ref], stop=context.stop, deadline=end, grace=verify.grace, rules=verify.rules,
            on_progress=context.report,
            facts=RunFacts(
                to_end=True, uids={created.ref: created.uid for _, created in self._made}, secrets=self._secrets
            ),
        )  # fmt: skip
        context.check()
        if not report.ready:
            raise Failed(f"hook {report.summary}", details=report.to_dict())

    def _applied(self, hook: Hook, applied: Applied, before: Mapping[Ref, dict[str, Any] | None]) -> None:
        self._made.append((hook, applied))
        self._context.journal.evidence(evidence([applied], before, self._context.mark))
        result = "created" if applied.created else "changed" if applied.fields else "unchanged"
        self._context.tell([Item(str(applied.ref), result, fields=applied.fields)])

    def _delete(self, policy: str, created: list[tuple[Hook, Applied]]) -> None:
        """Delete what this run created and whose policy says so; a failure is only reported, for it changes nothing."""
        for hook, applied in created:
            if policy not in hook.policies or not applied.created:
                continue
            try:
                self._context.tell([Remover(self._client).remove(applied.ref, applied.uid)])
            except ApiError as error:
                self._context.say(f"{applied.ref} can't be deleted as its policy says: {error}")
