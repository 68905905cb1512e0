"""Whether the world is still as a deploy left it that was interrupted, or that a later step was interrupted after."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...objects.fields import fields_of
from ...objects.kinds import has_state
from ...objects.run_annotation import run_of
from ...release.apply import stamped
from ...release.drift import Drift, drift_of
from ...release.restore import Change
from ...release.snapshot import snapshot
from ...step import Context
from .record import changes

if TYPE_CHECKING:
    from ...kube.client import Client


def moved(context: Context, *, done: bool) -> list[str]:
    """Name the objects that somebody else changed since this run read them, or applied them.

    Raises: ApiError when that can't be told now.
    """
    if "hooks" in context.options:
        return [] if done else [f"step {context.step} was cut off, and what a hook did is not to be done twice"]
    found = changes(context.mark, context.journal.history())
    live = snapshot(context.client, [change.ref for change in found])
    drifts = (_drift(context.client, context.mark, change, live[change.ref]) for change in found)
    return [str(drift) for drift in drifts if drift is not None]


def _drift(client: Client, run: str, change: Change, live: dict[str, Any] | None) -> Drift | None:
    if change.after is not None and change.uid is not None:
        if live is None and has_state(change.ref.api_version, change.ref.kind):
            return None  # a Job ends by itself
        return drift_of(client, change.ref, {"uid": change.uid, "after": change.after}, live, change.manager)
    if change.replaced and live is None:
        return None  # cut off between its deletion and its creation
    if run_of(live) == run:
        return _since_apply(client, run, change, live or {})
    if change.before is None:
        return None if live is None else Drift(change.ref, "somebody else created it meanwhile")
    return _since_read(client, change, change.before, live)


def _since_read(client: Client, change: Change, before: dict[str, Any], live: dict[str, Any] | None) -> Drift | None:
    """Compare an object that the run's apply has not reached with what the run read."""
    seen = {"uid": before["metadata"]["uid"], "after": before}
    return drift_of(
        client, change.ref, seen, live, change.manager, ours=fields_of(before), since="it was read by this run"
    )


def _since_apply(client: Client, run: str, change: Change, live: Mapping[str, Any]) -> Drift | None:
    """Compare an object whose evidence is lost with what the same apply would make of it now, by a dry run."""
    sent = stamped(change.applied, run, live)
    made = client.apply(sent, manager=change.manager, force=True, dry_run=True).obj
    again = {"uid": live["metadata"]["uid"], "after": made}
    return drift_of(client, change.ref, again, live, change.manager)
