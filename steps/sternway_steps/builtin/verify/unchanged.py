"""Checks that everything is still what this run deployed when it is verified."""

from __future__ import annotations

from ...errors import Failed
from ...objects.field_manager import manager_of
from ...objects.kinds import has_state
from ...objects.ref import Ref
from ...release.drift import Drift, drift_of
from ...release.snapshot import snapshot
from ...step import Context


def uids_of(context: Context) -> dict[Ref, str]:
    """Return the UIDs of what this run's deploys applied."""
    entries = [entry for data in context.evidence_of("deploy") for entry in data["objects"]]
    return {Ref(*entry["ref"]): str(entry["uid"]) for entry in entries if entry.get("uid")}


def check_still(context: Context, refs: list[Ref], because: str = "") -> None:
    """Compare all objects with the evidence of this run's deploys.

    Args:
        context: the step's.
        refs: the objects that are verified.
        because: what failed meanwhile, if anything did: then this is the reason of it.

    Raises: Failed when a field that the run applied, or the object itself, has changed; it says who changed it.

    """
    applied = {Ref(*entry["ref"]): entry for data in context.evidence_of("deploy") for entry in data["objects"]}
    mine = [ref for ref in refs if ref in applied]
    live = snapshot(context.client, mine)
    manager = manager_of(context.target)
    found = [
        drift
        for ref in mine
        # That an object with a state of its own is gone is the rollout's to judge: a Job ends by itself.
        if live[ref] is not None or not has_state(ref.api_version, ref.kind)
        if (drift := drift_of(context.client, ref, applied[ref], live[ref], manager))
    ]
    if found:
        text = "; ".join(map(str, found))
        raise Failed(f"{text} (and so: {because})" if because else text, remedy=_REMEDY, details=_details(found))


_REMEDY = "what this run deployed is not what is live: find out who else deploys it, then run again"


def _details(found: list[Drift]) -> dict[str, object]:
    changed = [{"object": str(d.ref), "why": d.why, "fields": [list(field) for field in d.fields]} for d in found]
    return {"object": str(found[0].ref), "changed": changed}
