"""What a target deployed before and its configuration no longer names: found in its journal, judged by what is there.

An object is the target's when the newest run that stands and applied it recorded its UID, and the object still carries
that run's mark. What has changed since is somebody else's business, by the policy for conflicts.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from ..kube.parallel import run_parallel
from ..objects.field_manager import manager_of
from ..objects.merge import OnConflict
from ..objects.prunable import bound, kept, other_owners
from ..objects.recreatable import has_run
from ..objects.ref import Ref
from ..objects.references import Named
from ..objects.run_annotation import run_of
from ..spec import OtherRun
from .basis import Basis
from .dependents import dependents_in
from .drift import drift_of
from .kept import few
from .other_versions import served_version
from .preview import Preview
from .snapshot import snapshot
from .survey import Survey, survey

if TYPE_CHECKING:
    from ..kube.client import Client

Key = tuple[str, str, str, str]
"""Group, kind, namespace and name: an object whatever the version."""
MADE = "made"
"""What an undo records of objects that it has made anew: their UIDs."""
REMOVED = "removed"
"""What a step records of objects that it has removed."""
_HOOK = "helm.sh/hook"


@dataclass(frozen=True)
class Deployed:
    """What the newest run that stands recorded of an object: how it left it, and by which UIDs it is that one."""

    ref: Ref
    after: Mapping[str, Any]
    uids: frozenset[str]


@dataclass(frozen=True)
class Unnamed:
    """An object that is no longer named, as it is; `why` it stays, "" when it may be removed."""

    ref: Ref
    live: dict[str, Any]
    why: str


@dataclass(frozen=True)
class Looking:
    """For whom it is asked: the target, the kinds that are asked for, and what becomes of what others changed."""

    client: Client
    target: str
    kinds: Collection[str]
    policy: OnConflict
    runs: Callable[[], Iterable[OtherRun]]
    """Yields what the steps of the target's other runs recorded, newest run first."""
    refers: Mapping[Named, str]
    """What the configuration refers to, and by what."""


def key_of(ref: Ref) -> Key:
    """Return what tells objects apart, whichever version names them."""
    return (ref.group, ref.kind, ref.namespace or "", ref.name)


def deployed_before(runs: Iterable[OtherRun], target: str) -> Iterator[Deployed]:
    """Yield what runs of a target that stand have deployed, and not removed; the newest run's word counts."""
    done: set[Key] = set()
    made: dict[Key, set[str]] = {}
    for run in runs:
        if run.target != target or run.later:
            continue
        for data in run.put_back:
            for entry in data.get(MADE) or ():
                made.setdefault(key_of(Ref(*entry["ref"])), set()).add(str(entry["uid"]))
        for data in reversed(run.recorded.evidence if run.stands else ()):
            done |= {key_of(Ref(*entry["ref"])) for entry in data.get(REMOVED) or ()}
            for entry in data.get("objects") or ():
                ref = Ref(*entry["ref"])
                if (key := key_of(ref)) in done:
                    continue
                done.add(key)
                if _HOOK not in (entry["after"]["metadata"].get("annotations") or {}):
                    yield Deployed(ref, entry["after"], frozenset({str(entry["uid"]), *made.get(key, ())}))


def find_unnamed(looking: Looking, named: Collection[Ref], uids: Collection[str] = ()) -> list[Unnamed]:
    """Return what is there of what was deployed before and is no longer named, each with why it stays.

    `uids` are those of objects that are named: one may go by another name (extensions/v1beta1, networking.k8s.io/v1).

    Raises: ApiError, SternwayError when it can't be told.
    """
    known = {key_of(ref) for ref in named}
    wanted = [one for one in deployed_before(looking.runs(), looking.target) if key_of(one.ref) not in known]
    served = [replace(one, ref=_served(looking.client, one.ref)) for one in wanted]
    there = snapshot(looking.client, [one.ref for one in served])
    found = [(one, live) for one in served if (live := there[one.ref]) is not None]
    others = _Dependents(looking.client)

    def judged(pair: tuple[Deployed, dict[str, Any]]) -> Unnamed:
        one, live = pair
        return Unnamed(one.ref, live, _stays(looking, one, live) or others.of(one.ref, live))

    listed = [pair for pair in found if pair[1]["metadata"]["uid"] not in uids]
    return run_parallel(judged, [pair for pair in listed if "deletionTimestamp" not in pair[1]["metadata"]])


def preview_of(one: Unnamed, *, removes: bool) -> Preview:
    """Return it as a part of a plan."""
    why = "no longer named"
    if one.why or not removes:
        return Preview(one.ref, "stay", why=f"{why}, and stays: {one.why or '--prune or deploy.prune removes it'}")
    bare = {"apiVersion": one.ref.api_version, "kind": one.ref.kind, "metadata": {"name": one.ref.name}}
    metadata = one.live["metadata"]
    basis = Basis(bare, str(metadata["uid"]), str(metadata.get("resourceVersion", "")))
    return Preview(one.ref, "remove", why=why, notes=tuple(_notes(one.live)), basis=basis)


def _notes(live: Mapping[str, Any]) -> Iterator[str]:
    if has_run(live):
        yield "one-way: it has run, and an undo runs it again only with `rollback --recreate`"
    if live["kind"] == "Service" and (live.get("spec") or {}).get("type") == "LoadBalancer":
        yield "its load balancer goes with it: put back by an undo, it may get another address"


def _served(client: Client, ref: Ref) -> Ref:
    return replace(ref, api_version=served_version(client, ref) or ref.api_version)


def _stays(looking: Looking, one: Deployed, live: dict[str, Any]) -> str:
    if why := kept(live, looking.kinds) or bound(live):
        return why
    if by := looking.refers.get((one.ref.kind, one.ref.namespace or "", one.ref.name)):
        return f"{by} refers to it"
    if live["metadata"]["uid"] not in one.uids:
        return "it is another object of that name, which this target did not make"
    if (mark := run_of(live)) != run_of(one.after):
        return f"run {mark} applied it since" if mark else "it no longer carries the mark of the run that applied it"
    appliers, writers = other_owners(live, looking.target)
    if appliers:
        return f"{', '.join(appliers)} deploys it too"
    if looking.policy is OnConflict.FORCE:
        return ""
    recorded, since = {"uid": live["metadata"]["uid"], "after": one.after}, "the target's last run"
    drift = drift_of(looking.client, one.ref, recorded, live, manager_of(looking.target), since=since)
    if drift is not None:
        return f"{drift.why}{_fields(drift.fields)}; onConflict: force removes it"
    return f"{', '.join(writers)} set fields of it; onConflict: force removes it" if writers else ""


def _fields(fields: Iterable[tuple[str, str]]) -> str:
    named = ", ".join(f"{name} ({who})" for name, who in fields)
    return f": {named}" if named else ""


@dataclass
class _Dependents:
    """What others made that names an object as its owner goes with it, and no undo knows it.

    It may be of any kind: where one can't be listed, what would go is not known, and so the object stays.
    """

    client: Client
    _survey: Callable[[str | None], Survey] = field(init=False)

    def __post_init__(self) -> None:
        self._survey = cache(lambda namespace: survey(self.client, namespace))

    def of(self, ref: Ref, live: Mapping[str, Any]) -> str:
        seen = self._survey(ref.namespace)
        if owned := dependents_in(seen, live["metadata"]["uid"]):
            return f"it owns {few(owned)}, which would go with it"
        where = f"in {ref.namespace}" if ref.namespace else "in the cluster"
        remedy = f"; whoever may list all kinds {where} can remove it"
        return f"what it owns can't be told: {few(seen.unseen)}{remedy}" if seen.unseen else ""
