"""Histories in which the target no longer names some objects: what a run removes, and what its undo puts back.

The oracle is written here a second time, from what was seen of the objects alone: who owns what, what has changed.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from sternway_steps.exits import exit_of
from sternway_steps.kube.api_error import ApiError
from sternway_steps.objects.ref import Ref
from sternway_steps.step import Action, Item

from . import world
from .edits import Path
from .history import AT_ONCE, Act, Part, make_part, unheld
from .law import RUN, bare, differences, name
from .owners import owned
from .play import Place, config_of
from .product import Fuse
from .shapes import ABSENT, Kind

PRUNE = "prune"
_KEEP = "sternway.dev/keep"
_LAST = "kubectl.kubernetes.io/last-applied-configuration"
_DELETING = ("delete", "recreate", "unstamp")


@dataclass(frozen=True)
class Dropped:
    """An object that is no longer named: `since` is what others do to it before the run, `after` what they do after.

    `kept`: it carries the annotation by which it stays. `other`: another target deploys it too.
    """

    part: Part
    since: tuple[Act, ...] = ()
    after: tuple[Act, ...] = ()
    kept: bool = False
    other: bool = False


@dataclass(frozen=True)
class PruneHistory:
    """`kill`: how the step dies that removes; `again`: it is made once more then. `undo`: once, twice, or cut.

    `repeat`: after the undo it is all done once more: what was put back is the target's still.
    """

    seed: int
    number: int
    dropped: tuple[Dropped, ...]
    policy: str
    kill: tuple[str, int]
    again: bool
    undo: tuple[str, int]
    repeat: bool
    asked: bool
    """Whether custom resources may be removed."""


def prune_history(seed: int, number: int, every: Sequence[Kind]) -> PruneHistory:
    """Make the history of a number, the same each time."""
    rng = random.Random(f"prune {seed}:{number}")
    chosen = rng.choices(every, [k.weight for k in every], k=rng.choice((1, 1, 2, 3)))
    dropped = tuple(_dropped(rng, kind) for kind in chosen)
    kill, undo = ("never", 0), ("once", 0)
    if rng.random() < 0.4:
        kill = rng.choice((("evidence", 0), ("before", rng.randint(1, 2)), ("after", rng.randint(1, 2))))
    if rng.random() < 0.4:
        undo = rng.choice((("twice", 0), ("before", rng.randint(1, 4)), ("after", rng.randint(1, 4))))
    policy = rng.choice(("stop", "stop", "merge", "force"))
    again = kill != ("never", 0) and rng.random() < 0.5
    repeat = rng.random() < 0.25 and not any(one.after for one in dropped)
    return PruneHistory(seed, number, dropped, policy, kill, again, undo, repeat, asked=rng.random() < 0.6)


def _dropped(rng: random.Random, kind: Kind) -> Dropped:
    part = make_part(rng, kind)
    while part.base == "absent":
        part = make_part(rng, kind)
    base = part.base if rng.random() < 0.35 else "sternway"
    part = replace(part, base=base, before=unheld(part.before), mixed=tuple(_bare(part.mixed)), run=(), between=())
    acts = [act for act in _bare(part.third) if act.how not in AT_ONCE]
    since = tuple(acts) if rng.random() < 0.4 else ()
    after: tuple[Act, ...] = ()
    if rng.random() < 0.25:
        after = (Act("appear"),) if rng.random() < 0.5 else tuple(a for a in acts if a.how not in _DELETING)
    return Dropped(part, since, after, kept=rng.random() < 0.1, other=rng.random() < 0.1)


def _bare(acts: Sequence[Act]) -> Iterator[Act]:
    """Leave out finalizers: nobody would let go what the run removes."""
    return (replace(act, edits=unheld(act.edits)) for act in acts)


@dataclass
class SeenDropped:
    """One object: as the good run left it, before the run that removes it, after that, when its undo begins, and then."""

    one: Dropped
    target: str
    ref: Ref
    manifest: dict[str, Any]
    good: dict[str, Any] | None = None
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    now: dict[str, Any] | None = None
    result: dict[str, Any] | None = None
    removed_again: bool | None = None
    finally_: dict[str, Any] | None = None
    item: Item | None = None
    notes: list[str] = field(default_factory=list)


@dataclass
class PlayedPrune:
    """A history that was played."""

    history: PruneHistory
    seen: list[SeenDropped]
    error: Any = None
    killed: bool = False
    undone: Any = None


@contextmanager
def playing_prune(history: PruneHistory, place: Place) -> Iterator[PlayedPrune]:
    """Play a history to the end of its undo; what is left of it goes when it was looked at."""
    title = f"p{history.seed}-{history.number}"
    seen = []
    for number, one in enumerate(history.dropped):
        manifest = one.part.manifest(f"{title}-{number}", place.namespace)
        if one.kept:
            notes = {**(manifest["metadata"].get("annotations") or {}), _KEEP: "true"}
            manifest["metadata"]["annotations"] = notes
        seen.append(SeenDropped(one, f"{place.namespace}.{title}", Ref.of(manifest), manifest))
    played = PlayedPrune(history, seen)
    stays = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": f"{title}-stays", "namespace": place.namespace},
    }
    place.driver.client.blind = False
    try:
        _before(played, place, title, stays)
        _look(played, place, "before")
        _run(played, place, title, stays)
        for each in seen:
            _settled(each, place)
        _look(played, place, "after")
        for each in seen:
            _acts(each, each.one.after, place)
        _look(played, place, "now")
        _undo(played, place, title, stays)
        _look(played, place, "result")
        if history.repeat:
            _repeat(played, place, title, stays)
        yield played
    finally:
        for ref in (*(each.ref for each in seen), Ref.of(stays)):
            world.let_go(place.others, ref, place.others.get(ref))
            place.others.delete(ref, uid=None, propagation="Background")


def _before(played: PlayedPrune, place: Place, title: str, stays: Mapping[str, Any]) -> None:
    good = [each for each in played.seen if each.one.part.base == "sternway"]
    config = config_of(title, place.namespace, [stays, *(each.manifest for each in good)])
    done = _whole(place, config, f"{title}-good")
    if done is None or done.error is not None:
        for each in good:
            each.notes.append(f"the good run failed: {done and done.error}")
    for each in played.seen:
        if each.one.part.base != "sternway":
            try:
                world.make(
                    place.others, "client" if each.one.part.base == "mixed" else each.one.part.base, each.manifest
                )
            except ApiError as error:
                each.notes.append(f"not made before: {error}")
    _look(played, place, "good")
    for each in played.seen:
        _acts(each, each.one.part.mixed, place)
        if each.one.other and each.good is not None:
            other = config_of(f"{title}-other", place.namespace, [each.manifest])
            _whole(place, other, f"{title}-other{each.ref.name[-1]}")
        _acts(each, each.one.since, place)


def _whole(place: Place, config: Any, run: str) -> Any:
    journal = place.driver.begin(config, run)
    done = place.driver.act(config, run, Action.EXECUTE)
    good = done is not None and done.error is None
    if not good:
        place.driver.act(config, run, Action.ROLLBACK)
    journal.end({"status": "succeeded" if good else "undone"})
    return done


def _undone(place: Place, config: Any, run: str) -> None:
    place.driver.act(config, run, Action.ROLLBACK)
    place.driver.journal(config, run).end({"status": "undone"})


def _configured(played: PlayedPrune, place: Place, title: str, stays: Mapping[str, Any]) -> Any:
    config = config_of(title, place.namespace, [stays], played.history.policy)
    kinds = ("Thing." + next((k.ref.group for k in played.seen if k.ref.kind == "Thing"), "none"),)
    return replace(config, deploy=replace(config.deploy, prune=True, prune_kinds=kinds if played.history.asked else ()))


def _run(played: PlayedPrune, place: Place, title: str, stays: Mapping[str, Any]) -> None:
    config, history = _configured(played, place, title, stays), played.history
    place.driver.begin(config, f"{title}-run")
    place.driver.act(config, f"{title}-run", Action.EXECUTE)
    ran = place.driver.act(config, f"{title}-run", Action.EXECUTE, Fuse(*history.kill), step=PRUNE)
    if ran is None and history.again:
        ran = place.driver.act(config, f"{title}-run", Action.EXECUTE, step=PRUNE)
    played.killed, played.error = ran is None, ran.error if ran is not None else None


def _undo(played: PlayedPrune, place: Place, title: str, stays: Mapping[str, Any]) -> None:
    how, number = played.history.undo
    config, run = _configured(played, place, title, stays), f"{title}-run"
    undone = None
    if how in ("before", "after"):
        undone = place.driver.act(config, run, Action.ROLLBACK, Fuse(how, number), step=PRUNE)
    if undone is None:
        undone = place.driver.act(config, run, Action.ROLLBACK, step=PRUNE)
    items = {item.what: item for item in undone.items}
    for each in played.seen:
        each.item = items.get(str(each.ref))
    if how == "twice":
        undone = place.driver.act(config, run, Action.ROLLBACK, step=PRUNE)
    played.undone = undone
    _undone(place, config, run)


def _repeat(played: PlayedPrune, place: Place, title: str, stays: Mapping[str, Any]) -> None:
    config, run = _configured(played, place, title, stays), f"{title}-again"
    place.driver.begin(config, run)
    place.driver.act(config, run, Action.EXECUTE)
    place.driver.act(config, run, Action.EXECUTE, step=PRUNE)
    for each in played.seen:
        each.removed_again = place.others.get(each.ref) is None
    place.driver.act(config, run, Action.ROLLBACK, step=PRUNE)
    _undone(place, config, run)
    _look(played, place, "finally_")


def _acts(each: SeenDropped, acts: Sequence[Act], place: Place) -> None:
    for act in acts:
        if act.how == "appear" and place.others.get(each.ref) is not None:
            continue
        if why := world.act(place.others, each.ref, act, each.manifest):
            each.notes.append(f"refused: {act.how} by {act.who}: {why[:200]}")
    world.await_observed(place.others, each.ref)


def _settled(each: SeenDropped, place: Place) -> None:
    """Wait until what is being deleted is gone, whoever was killed."""
    there = place.others.get(each.ref)
    if there is not None and "deletionTimestamp" in there["metadata"]:
        world.wait_until_deleted(place.others, each.ref, there["metadata"]["uid"])


def _look(played: PlayedPrune, place: Place, when: str) -> None:
    for each in played.seen:
        setattr(each, when, place.others.get(each.ref))


def judge_prune(played: PlayedPrune) -> list[str]:
    """Return what is wrong, one line each."""
    wrong: list[str] = []
    if played.error is not None:
        wrong.append(f"the run failed: {played.error!r}")
    for each in played.seen:
        wrong += [f"{each.ref.kind}: {line}" for line in _judged(each, played)]
        if played.history.repeat:
            wrong += [f"{each.ref.kind}: {line}" for line in _repeated(each, played.history)]
    bad = any(each.item and each.item.result in ("conflict", "failed") for each in played.seen)
    error = played.undone.error
    if int(exit_of(error)) != (5 if bad else 0):
        wrong.append(f"exit {int(exit_of(error))}: {error!r}")
    return wrong


def _judged(each: SeenDropped, played: PlayedPrune) -> Iterator[str]:
    if each.before is None:
        if each.item is not None:
            yield f"said {each.item.result} of what was not there"
        return
    goes = _goes(each, played.history)
    if not goes or (played.killed and each.after is not None):
        if each.after is None:
            yield "it was removed, and is not the target's alone"
            return
        yield from _untouched("by the run", each.before, each.after, each)
        if each.now is not None:
            yield from _untouched("by the undo", each.now, each.result, each)
        if each.item is not None and not (goes and each.item.result == "unchanged"):
            yield f"said {each.item.result} of what was not removed"
    elif each.after is not None:
        yield "it was not removed, and is the target's alone"
    elif each.now is not None:
        yield from _untouched("by the undo", each.now, each.result, each)
        if each.item is None or each.item.result != "kept":
            yield f"said {each.item} of what somebody made in its place"
    else:
        yield from _as_before(each, each.result)
        if each.item is None or each.item.result != "restored":
            yield f"said {each.item} instead of restored"


def _repeated(each: SeenDropped, history: PruneHistory) -> Iterator[str]:
    if each.result is not None and each.before is not None:
        goes = _goes(each, history)
        if each.removed_again is not goes:
            yield f"removed again: {each.removed_again}, and is the target's alone: {goes}"
        yield from _as_before(each, each.finally_)


def _goes(each: SeenDropped, history: PruneHistory) -> bool:
    """Say whether it may be removed, by what is seen of it and what was done to it."""
    good, before = each.good, each.before
    if each.one.part.base != "sternway" or any("good run" in note for note in each.notes) or good is None:
        return False
    if each.one.kept and _notes(before).get(_KEEP) == "true":
        return False
    if each.ref.kind == "Thing" and not history.asked:
        return False
    retention = (before or {}).get("spec", {}).get("persistentVolumeClaimRetentionPolicy") or {}
    if each.ref.kind == "StatefulSet" and "Delete" in retention.values():
        return False
    if _notes(before).get("helm.sh/resource-policy") == "keep" or (before or {})["metadata"].get("ownerReferences"):
        return False
    if before["metadata"]["uid"] != good["metadata"]["uid"] or _notes(before).get(RUN) != _notes(good).get(RUN):
        return False
    others = {o: paths for o, paths in owned(before).items() if o[0] != f"sternway:{each.target}"}
    if any(owner[1] == "Apply" for owner in others):
        return False
    if history.policy == "force":
        return True
    if any(not _a_note(path) for paths in others.values() for path in paths):
        return False
    return not any(_changed(*found) for found in differences(bare(good), bare(before), each.one.part.kind.shape, True))


def _changed(path: Path, was: Any, _now: Any) -> bool:
    """Tell whether something that the run left is another: neither an addition, nor another order."""
    ordered = (
        isinstance(was, list) and bool(was) and isinstance(was[0], list) and path and not isinstance(path[-1], tuple)
    )
    return was is not ABSENT and not ordered


def _a_note(path: Path) -> bool:
    return path[:1] == ("metadata",) and path[1] in ("annotations", "finalizers") and _LAST not in path


def _untouched(who: str, old: Any, new: Any, each: SeenDropped) -> Iterator[str]:
    if new is None or new["metadata"]["uid"] != old["metadata"]["uid"]:
        yield f"it is gone or another {who}, and was not to be touched"
        return
    for path, was, got in differences(bare(old), bare(new), each.one.part.kind.shape, True):
        yield f"{name(path)} is {got!r} instead of {was!r} {who}"
    if owned(old) != owned(new) or _notes(old).get(RUN) != _notes(new).get(RUN):
        yield f"its owners changed {who}"


def _as_before(each: SeenDropped, result: Any) -> Iterator[str]:
    if result is None:
        yield "it is gone, and was to be put back"
        return
    for path, was, got in differences(bare(each.before), bare(result), each.one.part.kind.shape, True):
        yield f"{name(path)} is {got!r} instead of {was!r}"
    if owned(each.before) != owned(result):
        yield f"put back with other owners: {owned(each.before)} {owned(result)}"
    if _notes(each.before).get(RUN) != _notes(result).get(RUN):
        yield "put back with another mark"


def _notes(obj: Any) -> dict[str, str]:
    return dict((obj or {}).get("metadata", {}).get("annotations") or {})


def met_in(played: PlayedPrune) -> Iterator[str]:
    """Name what a history was like, so that it shows when they stop to be any trial."""
    yield "killed" if played.killed else "ran to its end"
    yield f"undo {played.history.undo[0]}"
    for each in played.seen:
        yield f"item {each.item.result if each.item else None}"
        if each.before is not None:
            yield "removed" if each.after is None else "stayed"
            yield "the target's alone" if _goes(each, played.history) else "not the target's alone"
        if each.removed_again:
            yield "removed again"
