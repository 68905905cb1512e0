"""A run whose record is gone from the journal, but not from the world: its objects carry it.

Without its Workflow, which somebody terminated or deleted, no handler comes to tell it either. What it changed can't be
undone; that is told.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ..errors import ClusterError, Refused, SternwayError
from ..exits import Exit
from ..journal.backends.store import RunInfo, Store
from ..journal.name import RunName
from ..journal.replay import Status
from ..kube.event import event_on
from ..objects.creator import applied_at
from ..objects.field_manager import manager_of, marked_for
from ..objects.order import waves
from ..objects.ref import Ref
from ..objects.run_annotation import run_of
from ..release.snapshot import snapshot
from ..release.targets import deployed_of
from .sweep import Swept

if TYPE_CHECKING:
    from ..config import Config
    from ..kube.client import Client

_LOOKS_AT = 10
"""Objects that are looked at for a mark: a run marks all that it reaches, the first ones first."""
Live = Mapping[Ref, Mapping[str, Any]]


def sweep_lost(client: Client, store: Store, target: str, config: Config, tell: Callable[[Swept], None]) -> list[Swept]:
    """Tell of a run that a target's objects carry, and of which the journal knows nothing."""
    try:
        found = _lost_run(client, store, target, config)
    except Refused:  # there is no cluster at hand, or it does not know these kinds: nothing of them is there
        return []
    except (ClusterError, SternwayError) as error:
        logging.getLogger("sternway").warning("whether %s carries a run that is lost can't be told: %s", target, error)
        return []
    if found is None:
        return []
    run, objects = found
    swept = Swept(run, target, Status.ROLLBACK_FAILED, _said_of(objects), Exit.ROLLBACK_FAILED, store.name(run))
    tell(swept)
    return [swept]


def _lost_run(client: Client, store: Store, target: str, config: Config) -> tuple[str, list[str]] | None:
    """Return a run of a target that its objects carry and its journal does not know, and these objects; tell them.

    Forgotten is not lost: the journal keeps a target's newest runs, and what an undo of these put back may carry an
    older one. So a run counts as lost that applied an object after the oldest run that is kept, of which none found it
    there. While somebody works on the target nothing is said.

    Raises: ApiError, UnknownKind, SternwayError when that can't be told.
    """
    refs = [Ref.of(obj) for wave in waves(deployed_of(config, client)) for obj in wave]
    known = store.index(target)
    mark = next(iter(_marks(_there(client, refs[:_LOOKS_AT]), store, target, known)), None)
    if mark is None or store.lock(target).holder() is not None:
        return None
    if any(mark in _text(store, info.run) for info in known):
        return None
    carrying = {ref: obj for ref, obj in _there(client, refs).items() if run_of(obj) == mark}
    for ref, obj in carrying.items():
        _tell(client, ref, obj, mark)
    return RunName.parse(mark).run, [str(ref) for ref in carrying]


def _said_of(objects: Sequence[str]) -> str:
    """Return what is to be known of such a run, and what helps."""
    return (
        "its record is gone from the journal, so what it changed can't be undone; these carry it: "
        f"{', '.join(objects)}; run the version that is wanted, or put it back by hand"
    )


def _there(client: Client, refs: Iterable[Ref]) -> Live:
    return {ref: obj for ref, obj in snapshot(client, refs).items() if obj is not None}


def _marks(live: Live, store: Store, target: str, known: Sequence[RunInfo]) -> Iterable[str]:
    """Yield the marks of runs that this journal does not know, if they were made too late to be forgotten."""
    # Kubernetes tells times in whole seconds.
    oldest = min((_time(info.started).replace(microsecond=0) for info in known), default=None)
    for obj in live.values():
        mark, applied = run_of(obj), applied_at(obj, manager_of(target))
        if mark is None or applied is None or (oldest is not None and applied < oldest):
            continue
        if marked_for(obj) != [target]:  # another target's run applied it last
            continue
        run = RunName.parse(mark).run
        if store.mark(run) == mark and store.target_of(run) is None:
            yield mark


def _text(store: Store, run: str) -> str:
    """Return all that a run recorded, in which an object that it found carries its mark."""
    return json.dumps([entry.data for record in store.records(run) for entry in record.entries], default=str)


def _tell(client: Client, ref: Ref, obj: Mapping[str, Any], mark: str) -> None:
    """Put an Event on an object, one for each fact; who may put none puts none."""
    uid = str(obj["metadata"]["uid"])
    fact = hashlib.sha256(f"{mark} {ref} {uid} lost".encode()).hexdigest()[:16]
    message = f"run {mark} applied it last, and {_said_of([str(ref)])}"
    event = event_on(ref, uid, name=f"{ref.name[:200]}.{fact}", reason="NotUndone", message=message, warning=True)
    if ref.namespace is None:
        return
    try:
        client.create(event, manager="sternway", safe=True)
    except ClusterError:  # it is there, or may not be: the sweep's own words and exit code say the same
        return


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
