"""Plays a history on a cluster, and keeps what was seen at each point."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sternway_steps.config import Config, Manifest, VerifyConfig
from sternway_steps.config.schema import DeployConfig, Grace
from sternway_steps.kube.api_error import ApiError
from sternway_steps.kube.client import Client
from sternway_steps.objects.ref import Ref
from sternway_steps.saga.attempt import Attempted
from sternway_steps.step import Action, Item

from . import world
from .edits import edited
from .history import AT_ONCE, BY_TOOLS, CUT, Act, History, Part
from .product import Driver, Fuse


@dataclass
class Seen:
    """One object through a history: before the run, right after it, when the undo begins, and after that.

    Where somebody makes or deletes it between the run's snapshot and its apply, what he left is how it was before.
    Where somebody writes between two attempts of the undo: as the first attempt found it (`begun`) and left it (`cut`),
    and `now` is how the last one found it. Alike where somebody writes while the undo is at work (`raced`); before it
    had written anything that is what it has to find, and `begun` and `cut` are None.
    """

    part: Part
    ref: Ref
    manifest: dict[str, Any]
    wanted: dict[str, Any]
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    now: dict[str, Any] | None = None
    begun: dict[str, Any] | None = None
    cut: dict[str, Any] | None = None
    result: dict[str, Any] | None = None
    item: Item | None = None
    raced: bool = False
    overlaid: tuple[dict[str, Any] | None, dict[str, Any] | None, Exception | None] | None = None
    """Before another run came over it, after the undo of that, and how this ended."""
    notes: list[str] = field(default_factory=list)


@dataclass
class Played:
    """A history that was played. `lost`: the journal holds no evidence that the undo may trust."""

    history: History
    seen: list[Seen]
    ran: Attempted | None = None
    undone: Attempted | None = None
    lost: bool = False


@dataclass(frozen=True)
class Place:
    """Where histories are played: the product's connection, that of all others, and a namespace."""

    driver: Driver
    others: Client
    namespace: str


@contextmanager
def playing(history: History, place: Place, tag: str = "") -> Iterator[Played]:
    """Play a history from its beginning to the end of its undo; what is left of it goes when it was looked at."""
    name = f"h{history.seed}-{history.number}{tag}"
    seen = [_begun(part, f"{name}-{n}", place.namespace) for n, part in enumerate(history.parts)]
    played = Played(history, seen)
    place.driver.client.blind = history.blind
    try:
        _before(played, place, name)
        _look(played, place, "before")
        if history.loses_all:  # the time of its manager's entry alone tells then that an apply came
            world.await_later(place.others, [one.before for one in seen if one.before])
        _run(played, place, name)
        _look(played, place, "after")
        _third(played, place, name)
        _look(played, place, "now")
        _undo(played, place, name)
        _look(played, place, "result")
        yield played
    finally:
        for one in seen:
            world.let_go(place.others, one.ref, place.others.get(one.ref))
            place.others.delete(one.ref, uid=None, propagation="Background")


def _begun(part: Part, name: str, namespace: str) -> Seen:
    manifest, wanted = part.manifest(name, namespace), part.wanted(name, namespace)
    return Seen(part, Ref.of(manifest), manifest, wanted)


def config_of(name: str, namespace: str, objects: Sequence[Mapping[str, Any]], policy: str = "stop") -> Config:
    """Give the configuration of a run; it takes over fields of others."""
    return Config(
        name=name, namespace=namespace, manifests=tuple(Manifest(dict(o), "test:1") for o in objects),
        deploy=DeployConfig(force_conflicts=True, on_conflict=policy),
        verify=VerifyConfig(deadline=20, grace=Grace(config=1, pull=1, create=1, unschedulable=1, mount=1)),
    )  # fmt: skip


def _before(played: Played, place: Place, name: str) -> None:
    good = [one for one in played.seen if one.part.base == "sternway"]
    if good:
        config = config_of(name, place.namespace, [one.manifest for one in good])
        done = place.driver.act(config, f"{name}-good", Action.EXECUTE)
        if done is None or done.error is not None:
            for one in good:
                one.notes.append(f"the good run failed: {done and done.error}")
    for one in played.seen:
        if one.part.base in ("client", "apply", "mixed", "old"):
            try:
                world.make(place.others, one.part.base, one.manifest)
            except ApiError as error:
                one.notes.append(f"not made before: {error}")
        for act in one.part.mixed:
            _act(one, act, place)
        world.await_observed(place.others, one.ref)


def _run(played: Played, place: Place, name: str) -> None:
    history = played.history
    config = config_of(name, place.namespace, [one.wanted for one in played.seen], history.policy)

    def meanwhile() -> None:
        for one in played.seen:
            for act in one.part.third:
                if (act.how == "appear" and one.before is None) or (act.how == "vanish" and one.before is not None):
                    refused = len(one.notes)
                    _act(one, act, place)
                    if len(one.notes) == refused:  # else the run was quicker
                        one.before = place.others.get(one.ref)

    raced = any(act.how in AT_ONCE for one in played.seen for act in one.part.third)
    fuse = Fuse(*history.kill, meanwhile=meanwhile if raced else None)
    played.ran = place.driver.act(config, f"{name}-run", Action.EXECUTE, fuse)
    played.lost = played.ran is None
    if history.again:
        played.ran = place.driver.act(config, f"{name}-run", Action.EXECUTE)
        played.lost = True


def _third(played: Played, place: Place, name: str) -> None:
    for one in played.seen:
        for act in one.part.third:
            if act.how == "overlay":
                _overlay(one, act, place, name)
            elif act.how not in AT_ONCE:
                _act(one, act, place)
        world.await_observed(place.others, one.ref)


def _overlay(one: Seen, act: Act, place: Place, name: str) -> None:
    """Have another run apply the object, and be undone; keep how it was before and after that."""
    world.await_observed(place.others, one.ref)
    found = place.others.get(one.ref)
    if found is None and one.wanted["metadata"].get("finalizers"):
        one.notes.append("overlay refused: nobody would take its finalizers away")
        return
    title = name if act.who == "same" else f"{name}-{act.who}"
    config = config_of(title, place.namespace, [edited(one.wanted, act.edits)])
    ran = place.driver.act(config, f"{name}-over", Action.EXECUTE)
    world.await_observed(place.others, one.ref)
    undone = place.driver.act(config, f"{name}-over", Action.ROLLBACK)
    one.overlaid = (found, place.others.get(one.ref), undone.error if undone else None)
    if ran is None or ran.error is not None:
        one.notes.append(f"overlay refused: {ran and ran.error}")


def _act(one: Seen, act: Act, place: Place) -> None:
    fresh = one.wanted if act.how in BY_TOOLS else one.manifest
    if act.how == "strip" and place.driver.client.schema(one.ref.api_version, one.ref.kind) is None:
        one.notes.append("strip refused: nothing would tell any more how lists are divided")
        return
    if why := world.act(place.others, one.ref, act, fresh):
        one.notes.append(f"refused: {act.how} by {act.who}: {why[:200]}")


def _undo(played: Played, place: Place, name: str) -> None:
    how, number = played.history.undo
    config = config_of(name, place.namespace, [one.wanted for one in played.seen], played.history.policy)
    times = 2 if how == "twice" else 1
    if how in CUT:
        cut = place.driver.act(config, f"{name}-run", Action.ROLLBACK, Fuse(how, number))
        times = 1 if cut is None else 0
        if cut is None:
            for one in played.seen:
                _between(one, place)
        played.undone = cut
    race = _race(played, place, number) if how == "raced" else None
    first: dict[str, Item] = {}
    for _ in range(times):
        played.undone = place.driver.act(config, f"{name}-run", Action.ROLLBACK, Fuse(race=race))
        for item in played.undone.items if played.undone else ():
            first.setdefault(item.what, item)
    last = {item.what: item for item in played.undone.items} if played.undone else {}
    for one in played.seen:
        one.item = (first if how == "twice" else last).get(str(one.ref))


def _race(played: Played, place: Place, number: int) -> Callable[[str], None]:
    """Give what has others act just before the n-th request that changes an object, for each object once."""
    requests: Counter[str] = Counter()

    def race(name: str) -> None:
        requests[name] += 1
        for one in played.seen:
            if one.ref.name == name and requests[name] == number:
                begun = one.now
                _between(one, place)
                one.raced = one.now is not begun
                if number == 1:
                    one.begun = one.cut = None

    return race


def _between(one: Seen, place: Place) -> None:
    cut = place.others.get(one.ref) if one.part.between else None
    if cut is None or one.now is None or cut["metadata"]["uid"] != one.now["metadata"]["uid"]:
        return  # what was made anew, or is no more, is left alone
    if cut["metadata"].get("deletionTimestamp"):
        return  # so is what is about to be made anew
    one.begun, one.cut = one.now, cut
    for act in one.part.between:
        _act(one, act, place)
    world.await_observed(place.others, one.ref)
    one.now = place.others.get(one.ref)


def _look(played: Played, place: Place, when: str) -> None:
    for one in played.seen:
        setattr(one, when, place.others.get(one.ref))
