"""Validate: everything that can be found out without a change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..cluster.preview import preview
from ..cluster.ref import Ref
from ..cluster.rights import missing_rights
from ..cluster.targets import namespace_of, objects_of
from ..errors import Refused, Transient
from ..step import Context, Effects, Outcome, StepSpec

SPEC = StepSpec(name="validate", effects=Effects.NONE)


class Validate:
    """Refuses what the server would refuse later, and what could be done but not undone."""

    @property
    def spec(self) -> StepSpec:
        """What validate is and needs: asking for one's own rights is everybody's right."""
        return SPEC

    def execute(self, context: Context) -> Outcome:
        """Check namespace, rights and every object; raises Refused with all findings."""
        from ..cluster.api_error import ApiError

        try:
            findings, objects = self._find(context)
        except ApiError as error:
            if error.forbidden:
                raise Refused(str(error)) from error
            raise
        if findings:
            raise Refused("\n".join(findings), details={"findings": findings})
        return Outcome(f"{len(objects)} objects are valid, and every right is there to deploy them and to undo it")

    def rollback(self, context: Context) -> Outcome:  # noqa: ARG002
        """Do nothing: validate has no effects."""
        return Outcome("nothing to undo")

    def _find(self, context: Context) -> tuple[list[str], list[dict[str, Any]]]:
        client, config = context.client, context.config
        objects = objects_of(config, client)
        refs = [Ref.of(obj) for obj in objects]
        findings = _missing_namespaces(context, refs)
        if findings:
            return findings, objects
        context.say("asking for the rights that the run and its undo need")
        rules = [rule for spec in context.pipeline for rule in (*spec.execute_rules, *spec.rollback_rules)]
        place = config.journal.namespace or namespace_of(config, client)
        journal = place if config.journal.store == "cluster" else None
        findings += (f"not allowed: {right}" for right in missing_rights(client, rules, refs, journal))
        context.say(f"asking the server what it would make of {len(objects)} objects")
        sources = _sources(context, objects)
        for found in preview(client, objects, force=config.deploy.force_conflicts):
            if isinstance(found.error, Transient):
                raise found.error
            if found.error is not None:
                remedy = f" ({found.error.remedy})" if found.error.remedy else ""
                findings.append(f"{sources[found.ref]}: {found.error}{remedy}")
        return findings, objects


def _sources(context: Context, objects: list[dict[str, Any]]) -> Mapping[Ref, str]:
    return {Ref.of(obj): m.source for obj, m in zip(objects, context.config.manifests, strict=True)}


def _missing_namespaces(context: Context, refs: list[Ref]) -> list[str]:
    made = {ref.name for ref in refs if ref.kind == "Namespace"}
    wanted = sorted({ref.namespace for ref in refs if ref.namespace} - made)
    return [
        f"namespace {name} does not exist; create it, or add it to the manifests"
        for name in wanted
        if not _exists(context, name)
    ]


def _exists(context: Context, namespace: str) -> bool:
    from ..cluster.api_error import ApiError

    try:
        return context.client.get(Ref("v1", "Namespace", None, namespace)) is not None
    except ApiError as error:
        if error.forbidden:
            return True  # many may work in a namespace that they may not read; the dry run tells
        raise
