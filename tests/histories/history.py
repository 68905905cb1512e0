"""Random histories of objects: how they were, what a run applies, what others do, how the undo is asked for."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from . import plain, pods
from .edits import Edit, adding, an_edit, edited, look, shape_at
from .shapes import ABSENT, Keyed, Kind, Struct

BASES = ("absent", "sternway", "sternway", "sternway", "client", "apply", "mixed", "old")
"""Who made the object before: nobody, a good run, kubectl's client-side apply, another applier, several, a Sternway of
the days when all targets had one field manager."""

CUT = ("before", "after")
"""Ways in which an undo is cut off, and made again."""

AT_ONCE = ("appear", "vanish")
"""What others do between a run's snapshot and its apply."""

BY_TOOLS = ("adopt", "replace", "strip", "status")
"""What tools do to a whole object."""

HOWS = ("update", "update", "patch", "apply", "apply")


@dataclass(frozen=True)
class Act:
    """What a third party does to an object: edits by update, patch or apply, or one of the words below.

    unstamp: removes the run's annotation; delete; recreate; scale (to `edits[0].value`); appear, vanish: it creates or
    deletes the object between the run's snapshot and its apply. overlay: a run of the same target, or of another one
    (`who`), applies its manifest with these edits, and is undone. And what other tools do: adopt: applies all that the
    run applied; replace: puts that with edits in its place, as `kubectl replace`; strip: removes all managedFields;
    status: writes it, as a controller.
    """

    how: str
    edits: tuple[Edit, ...] = ()
    who: str = "third"

    def __str__(self) -> str:
        return f"{self.how} by {self.who}: " + "; ".join(map(str, self.edits))


@dataclass(frozen=True)
class Part:
    """One object of a history; `before`, `run` edit the manifest, `mixed` what was there before the run.

    `third` act after the run, `between` after an undo that was cut off, or while one is at work.
    """

    kind: Kind
    base: str
    before: tuple[Edit, ...] = ()
    mixed: tuple[Act, ...] = ()
    run: tuple[Edit, ...] = ()
    third: tuple[Act, ...] = ()
    between: tuple[Act, ...] = ()

    def manifest(self, name: str, namespace: str) -> dict[str, Any]:
        """Give what was applied before."""
        return edited(self.kind.new(name, namespace), self.before)

    def wanted(self, name: str, namespace: str) -> dict[str, Any]:
        """Give what the run applies."""
        return edited(self.manifest(name, namespace), self.run)


@dataclass(frozen=True)
class History:
    """`kill`: how the run's process died (see Fuse); `undo`: once, twice, or cut as a Fuse is and resumed.

    Or raced: others act just before the n-th request of the undo that changes an object, between its look and its write.
    `blind`: the product can't have the server's schema, as where it is forbidden, or too new to be told of.
    """

    seed: int
    number: int
    parts: tuple[Part, ...]
    policy: str = "stop"
    kill: tuple[str, int] = ("never", 0)
    again: bool = False
    undo: tuple[str, int] = ("once", 0)
    blind: bool = False

    @property
    def loses_all(self) -> bool:
        """Whether both the record of the run may be lost and the annotation that its apply left on an object."""
        acts = [act for part in self.parts for act in part.third]
        words = ("unstamp", *BY_TOOLS)
        unmarked = any(act.how in words or any(len(edit.path) <= 2 for edit in act.edits) for act in acts)
        unmarked = unmarked or any(part.between for part in self.parts)
        return unmarked and (self.again or self.kill != ("never", 0))


def kinds(group: str) -> Sequence[Kind]:
    """Give all kinds; `group` is that of the custom resource."""
    return (*pods.KINDS, *plain.KINDS, plain.thing(group))


def history(seed: int, number: int, every: Sequence[Kind]) -> History:
    """Make the history of a number, the same each time."""
    rng = random.Random(f"{seed}:{number}")
    chosen = rng.choices(every, [k.weight for k in every], k=rng.choice((1, 1, 1, 2)))
    kill = ("never", 0)
    if rng.random() < 0.5:
        kill = ("evidence", 0) if rng.random() < 0.8 else (rng.choice(("before", "after")), rng.randint(1, 2))
    undo = ("once", 0)
    if rng.random() < 0.35:
        undo = rng.choice((("twice", 0), ("before", rng.randint(1, 3)), ("after", rng.randint(1, 3))))
    policy = rng.choice(("stop", "stop", "merge", "merge", "force"))
    parts, again = tuple(make_part(rng, k, cut=undo[0] in CUT) for k in chosen), rng.random() < 0.2
    made = History(seed, number, parts, policy, kill, again, undo, blind=rng.random() < 0.1)
    made = overlaid(random.Random(f"{seed}:{number}:overlay"), made)
    made = by_tools(random.Random(f"{seed}:{number}:tools"), made)
    return raced(random.Random(f"{seed}:{number}:race"), made) if undo[0] == "once" else made


def overlaid(rng: random.Random, one: History) -> History:
    """Have another run come and go over this one, in some histories; others act before and after it."""
    if rng.random() < 0.9:
        return one
    n = rng.randrange(len(one.parts))
    part = one.parts[n]
    if any(edit.path == ("immutable",) for edit in part.run):
        return one  # then the other one's undo would have to make it anew
    obj = edited(part.manifest("x", "x"), part.run)
    edits = unheld(_edits(rng, part.kind, obj, rng.choice((0, 1, 2, 4))))
    ended = one.kill == ("never", 0) and not one.again  # else the target's next run would undo it first
    act = Act("overlay", edits, rng.choice(("same", "other")) if ended else "other")
    at = rng.randint(0, len(part.third))
    over = replace(part, third=(*part.third[:at], act, *part.third[at:]))
    return replace(one, parts=(*one.parts[:n], over, *one.parts[n + 1 :]))


def by_tools(rng: random.Random, one: History) -> History:
    """Have a tool do something to a whole object after the run, in some histories."""
    if rng.random() < 0.85:
        return one
    n = rng.randrange(len(one.parts))
    part = one.parts[n]
    how = rng.choice(("adopt", "adopt", "replace", "replace", "strip", "status"))
    obj = edited(part.manifest("x", "x"), part.run)
    edits = unheld(_edits(rng, part.kind, obj, rng.choice((0, 1, 2)))) if how in ("adopt", "replace") else ()
    act = Act(how, edits, rng.choice(("argocd", "third", "kubectl-replace")))
    at = rng.randint(0, len(part.third))
    more = replace(part, third=(*part.third[:at], act, *part.third[at:]))
    return replace(one, parts=(*one.parts[:n], more, *one.parts[n + 1 :]))


def raced(rng: random.Random, one: History) -> History:
    """Have others act while the undo is at work, in some histories."""
    if rng.random() < 0.7:
        return one
    parts = [replace(part, between=_later(rng, part)) for part in one.parts]
    return replace(one, parts=tuple(parts), undo=("raced", rng.choice((1, 1, 2))))


def _later(rng: random.Random, part: Part) -> tuple[Act, ...]:
    acts = _third(rng, part.kind, part.manifest("x", "x"), part.run)
    return tuple(replace(act, edits=unheld(act.edits)) for act in acts if act.how not in AT_ONCE)


def make_part(rng: random.Random, kind: Kind, *, cut: bool = False) -> Part:
    """Make an object of a kind, and what happens to it."""
    base = rng.choice(BASES)
    obj = kind.new("x", "x")
    before = _edits(rng, kind, obj, rng.randint(0, 8))
    was = edited(obj, before)
    mixed: list[Act] = []
    if base == "mixed":
        for who in rng.sample(("kubectl-edit", "argocd", "helm"), rng.randint(1, 2)):
            mixed.append(Act(rng.choice(HOWS), _edits(rng, kind, was, rng.randint(1, 2)), who))
    run = _edits(rng, kind, was, rng.choice((0, 1, 1, 2, 2, 3, 5)))
    third = _third(rng, kind, edited(was, run), run) if rng.random() < 0.7 else []
    between = _third(rng, kind, was, run) if cut and rng.random() < 0.5 else []
    later = [act for act in between if act.how not in AT_ONCE]
    if kind.kind in ("ConfigMap", "Secret") and rng.random() < 0.15:
        run += (Edit("set", ("immutable",), True),)
    if base == "absent" or any(act.how == "vanish" for act in third):
        before, run = unheld(before), unheld(run)
        third, later = ([replace(act, edits=unheld(act.edits)) for act in acts] for acts in (third, later))
    return Part(kind, base, before, tuple(mixed), run, tuple(third), tuple(later))


def unheld(edits: tuple[Edit, ...]) -> tuple[Edit, ...]:
    """Leave out finalizers: nobody would let go what the undo deletes."""
    return tuple(
        one for one in edits if one.path[:2] != ("metadata", "finalizers") and "finalizers" not in str(one.value)
    )


def _edits(rng: random.Random, kind: Kind, obj: Mapping[str, Any], count: int) -> tuple[Edit, ...]:
    found: list[Edit] = []
    for _ in range(count):
        if one := an_edit(rng, kind.shape, edited(dict(obj), found)):
            found.append(one)
    return tuple(found)


def _third(rng: random.Random, kind: Kind, obj: dict[str, Any], run: Sequence[Edit]) -> list[Act]:
    acts: list[Act] = []
    for _ in range(rng.choice((1, 1, 1, 2))):
        luck = rng.random()
        if luck < 0.18:
            how = rng.choice(("unstamp", "unstamp", "delete", "recreate", "appear", "vanish"))
            acts.append(Act(how))
        elif luck < 0.3 and kind is pods.PAUSED:
            acts.append(Act("scale", (Edit("set", ("spec", "replicas"), rng.randint(0, 5)),)))
        else:
            edits = tuple(e for _ in range(rng.choice((1, 1, 2))) if (e := _touching(rng, kind, obj, run)))
            who = rng.choice(("third", "third", "kubectl-edit", "argocd"))
            acts.append(Act(rng.choice(HOWS), edits, who))
            obj = edited(obj, edits)
    return acts


def _touching(rng: random.Random, kind: Kind, obj: dict[str, Any], run: Sequence[Edit]) -> Edit | None:
    """Choose an edit near one of the run's, or anywhere."""
    if not run or rng.random() < 0.35:
        return an_edit(rng, kind.shape, obj)
    one = rng.choice(run)
    path = (*one.path, one.value[2]) if one.what == "add" else one.path
    path = (*path[:-1], one.value) if one.what == "rename" else path
    if rng.random() < 0.3:
        path = path[: -rng.randint(1, 2)] if len(path) > 3 else path
    shape, value = shape_at(kind.shape, path), look(obj, path)
    over = shape_at(kind.shape, path[:-1])
    if shape is None:
        return an_edit(rng, kind.shape, obj)
    if value is ABSENT and isinstance(over, Keyed):
        return adding(rng, over, path[:-1], path[-1])
    needed = isinstance(over, Struct) and path[-1] in over.required
    if value is not ABSENT and not needed and rng.random() < 0.25:
        return Edit("drop", path)
    return an_edit(rng, shape, value, path)
