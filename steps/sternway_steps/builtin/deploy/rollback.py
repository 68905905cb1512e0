"""The rollback of a deploy: in which order objects are undone, and what is reported of each."""

from __future__ import annotations

from collections.abc import Callable

from ...errors import ClusterError, Refused, RollbackFailed, SternwayError, Transient
from ...kube.api_error import ApiError
from ...kube.discovery import UnknownKind
from ...kube.parallel import run_parallel
from ...objects.order import JUDGES, SETTINGS, undo_waves
from ...plural import count
from ...release.other_versions import at_served_version
from ...release.remedy import CONFLICT, NEEDS
from ...release.restore import Change, Restorer
from ...spec import Item, Outcome
from ...step import Context


def undo_all(
    restorer: Restorer, found: list[Change], context: Context, settings_are_back: Callable[[list[Item]], None]
) -> list[Item]:
    """Undo wave after wave, and continue after an object that fails; raise Transient when the server was away.

    `settings_are_back` is called with all items so far before the first workload is restored.
    """
    away: list[ClusterError | SternwayError] = []

    def one(change: Change) -> Item:
        context.check()
        try:
            resolved = at_served_version(context.client, change, restorer.policy)
            item = restorer.undo(resolved) if isinstance(resolved, Change) else resolved
        except ApiError as error:
            if error.transient or (error.not_found and not error.reason):
                away.append(error)
            item = Item(str(change.ref), "failed", str(error))
        except UnknownKind as error:  # it was served a moment ago
            away.append(error)
            item = Item(str(change.ref), "failed", str(error))
        except (Refused, Transient) as unwritten:  # what has to be made anew needs its record first
            if unwritten.transient:
                away.append(unwritten)
            item = Item(str(change.ref), "failed", str(unwritten))
        context.tell([item])
        return item

    items: list[Item] = []
    announced = False
    for number, wave in undo_waves(found, lambda change: change.ref.kind, lambda change: change.before is None):
        if not announced and SETTINGS < number < JUDGES:
            settings_are_back(items)
            announced = True
        items += run_parallel(one, wave)
        if any(change.ref.kind == "CustomResourceDefinition" for change in wave):
            context.client.forget_discovery()
    if not announced:
        settings_are_back(items)
    if away:
        raise Transient(f"the undo is not complete: {away[0]}", retry_after=getattr(away[0], "retry_after", None))
    return items


def summary(items: list[Item]) -> str:
    """Return the number of objects by result, in words."""
    counts: dict[str, int] = {}
    for item in items:
        counts[item.result] = counts.get(item.result, 0) + 1
    return ", ".join(f"{count} {result}" for result, count in counts.items()) or "nothing to undo"


def not_put_back(bad: list[Item], of: int, unhealthy: RollbackFailed | None) -> RollbackFailed:
    """Return what could not be put back, with a remedy that fits; `unhealthy`: what was, and did not come up again."""
    text = f"{len(bad)} of {count(of, 'object')} could not be put back; {bad[0].what}: {bad[0].why}"
    if unhealthy is not None:
        text += f"; and {unhealthy.message}"
    needs = [item.needs or (CONFLICT if item.result == "conflict" else "") for item in bad]
    needs += [] if unhealthy is None else [""]
    details = unhealthy.details if unhealthy is not None else {}
    remedy = f"{CONFLICT} merge leaves what others set, {CONFLICT} force puts back what was there before the run"
    return RollbackFailed(
        text, remedy=remedy if CONFLICT in needs else None, details={**details, NEEDS: sorted(set(needs))}
    )


def concluded(items: list[Item], healthy: str, unhealthy: RollbackFailed | None) -> Outcome:
    """Return how an undo ended: with all put back, and `healthy`; raises RollbackFailed for what is not."""
    if bad := [item for item in items if item.result in ("conflict", "failed")]:
        raise not_put_back(bad, len(items), unhealthy)
    if unhealthy is not None:
        raise unhealthy
    return Outcome(", ".join(part for part in (summary(items), healthy) if part), tuple(items))
