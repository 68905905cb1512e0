"""An Event on each workload that was deployed, undone, kept or is in conflict, as `kubectl describe` shows them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ...errors import SternwayError
from ...kube.api_error import ApiError
from ...kube.event import event_on
from ...kube.parallel import run_parallel
from ...objects.ref import Ref
from ...release.apply import Applied
from ...release.restore import Change
from ...release.rights import WITH_PODS
from ...spec import Item
from ...step import Context

_REASONS = {
    "restored": "Undone", "deleted": "Undone", "kept": "Kept", "conflict": "Conflict", "failed": "NotUndone",
}  # fmt: skip
"""Of an undo, by an item's result; of any other nothing is told."""


@dataclass(frozen=True)
class Telling:
    """What is told of one object: a reason in one word, and a message."""

    ref: Ref
    uid: str
    reason: str
    message: str


def of_deployed(context: Context, done: Iterable[Applied]) -> list[Telling]:
    """Return what is told of the workloads that a run created or changed."""
    run = f"run {context.run} of {context.target}"
    return [
        Telling(one.ref, one.uid, "Deployed", f"{run} {'created it' if one.created else _changed(one)}")
        for one in done
        if _is_workload(one.ref) and (one.created or one.fields)
    ]


def of_undone(context: Context, changes: Iterable[Change], items: Iterable[Item]) -> list[Telling]:
    """Return what is told of the workloads that an undo put back, deleted, left as they are, or could not put back."""
    by_name = {str(change.ref): change for change in changes if _is_workload(change.ref)}
    because = f"; the run failed: {cause}" if (cause := context.cause()) else ""
    found = []
    for item in items:
        change, reason = by_name.get(item.what), _REASONS.get(item.result)
        uid = _uid(change) if change is not None else ""
        if change is not None and reason is not None and uid:
            why = f": {item.why}" if item.why else ""
            said = f"undo of run {context.run} of {context.target}: {item.result}{why}{because}"
            found.append(Telling(change.ref, uid, reason, said))
    return found


def put(context: Context, tellings: Callable[[], Iterable[Telling]]) -> None:
    """Put the Events; one that can't be put changes nothing, and who may put none is not asked again."""
    refused: list[bool] = []

    def one(telling: Telling) -> None:
        if refused:
            return
        try:
            context.client.create(_event(context, telling), manager="sternway")
        except (ApiError, SternwayError) as error:
            if getattr(error, "status", 0) == 403:
                refused.append(True)
            elif not getattr(error, "conflict", False):  # the same Event, of an attempt before
                context.log.warning("no Event could be put on %s: %s", telling.ref, error)

    try:
        run_parallel(one, list(tellings()))
    except Exception as error:  # noqa: BLE001  whatever it is, it is no reason to undo a run, or to leave an undo
        context.log.warning("no Events could be put: %s", error)


def _event(context: Context, telling: Telling) -> Mapping[str, Any]:
    ref, reason = telling.ref, telling.reason
    # One name for one fact: an attempt that is made twice puts one Event.
    fact = hashlib.sha256(f"{context.mark} {ref} {telling.uid} {reason}".encode()).hexdigest()[:16]
    name = f"{ref.name[:200]}.{fact}"
    return event_on(ref, telling.uid, name=name, reason=reason, message=telling.message, warning=reason != "Deployed")


def _changed(applied: Applied) -> str:
    return f"changed {', '.join(applied.fields[:5])}" + (", …" if len(applied.fields) > 5 else "")


def _uid(change: Change) -> str:
    known = change.uid or next((obj["metadata"].get("uid") for obj in (change.after, change.before) if obj), None)
    return str(known or "")


def _is_workload(ref: Ref) -> bool:
    return ref.kind in WITH_PODS and ref.group in ("", "apps", "batch") and ref.namespace is not None
