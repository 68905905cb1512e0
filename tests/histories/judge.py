"""Holds a history that was played to what is right: each object's content, its owners, what was said, and the exit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sternway_steps.exits import exit_of
from sternway_steps.kube.api_error import ApiError
from sternway_steps.kube.client import Client

from .edits import Path, look
from .history import CUT
from .law import RUN, Law, Wrong, bare, differences, name, related, same
from .owners import UNDO, Owner, appliers, owned, owned_meanwhile, where, wrong_owners
from .play import Played, Seen
from .shapes import ABSENT
from .unsure import readings, unsure, with_paths
from .world import STATUS

_BAD = ("conflict", "failed")


@dataclass
class Judged:
    """What is wrong, one line each, and what was let pass: refused without evidence, refused by the server."""

    wrong: list[str] = field(default_factory=list)
    passed: list[str] = field(default_factory=list)


def judge(played: Played, client: Client) -> Judged:
    """Judge a history."""
    out = Judged()
    for one in played.seen:
        _Judge(one, played, client, out).look()
    error = played.undone.error if played.undone else None
    code, items = int(exit_of(error)), [one.item for one in played.seen if one.item]
    right = 5 if any(item.result in _BAD for item in items) else 0
    if code != right:
        out.wrong.append(f"exit {code} instead of {right}: {error!r}")
    return out


@dataclass
class _Judge:
    one: Seen
    played: Played
    client: Client
    out: Judged

    def look(self) -> None:
        one = self.one
        if one.overlaid is not None:
            self._as_if_never(*one.overlaid)
        if one.before is None:
            self._created()
        elif one.after is None:
            self._wrong("the run made it go")
        elif one.after["metadata"]["uid"] != one.before["metadata"]["uid"]:
            self._wrong("the apply made an object anew that somebody else had deleted")
        elif one.now is None:
            self._deleted()
        elif one.now["metadata"]["uid"] != one.after["metadata"]["uid"]:
            self._as_it_is("kept", "conflict")
        else:
            self._changed()
        self._status()

    def _status(self) -> None:
        """What was written of the status by hand stays: an undo has no business there."""
        one, wrote = self.one, STATUS.get(self.one.part.kind.kind)
        now, result = ((obj or {}) for obj in (one.now, one.result))
        if wrote and now and result and now["metadata"]["uid"] == result["metadata"]["uid"]:
            for key in wrote:
                was, got = ((obj.get("status") or {}).get(key) for obj in (now, result))
                if was != got:
                    self._wrong(f"status.{key} is {got!r} instead of {was!r}")

    def _as_if_never(self, was: Any, result: Any, error: Exception | None) -> None:
        """A run that came over it and was undone at once leaves nothing: neither a value, an owner nor its mark."""
        if error is not None:
            self._wrong(f"the undo of a run over it ended with {error!r}")
        if was is None or result is None or was["metadata"]["uid"] != result["metadata"]["uid"]:
            if was is not None or result is not None:
                self._wrong("the undo of a run over it left another object, or none")
            return
        for path, right, got in differences(bare(was), bare(result), self.one.part.kind.shape, self._custom):
            self._wrong(f"the undo of a run over it left {name(path)} as {got!r} instead of {right!r}")
        if owned(was) != owned(result) or self._run(was) != self._run(result):
            self._wrong("the undo of a run over it left other owners, or its mark")

    def _created(self) -> None:
        one = self.one
        if one.now is None and self._vanished:
            if self.played.history.policy != "force":  # it was there in the journal: force may make it anew
                self._gone("absent", "conflict", None)
            return
        if one.now is None:
            self._gone("absent", None, *(("deleted",) if one.raced else ()))
        elif one.after is None or one.now["metadata"]["uid"] != one.after["metadata"]["uid"]:
            self._as_it_is("kept", "conflict")
        elif self.played.lost and not self._stamped(one.now) and one.result is not None:
            self._as_it_is("kept", "conflict")
            self.out.passed.append("refused without evidence: created, and its annotation removed")
        elif self.played.lost and not appliers(one.now) and one.result is not None:
            self._as_it_is("kept", "conflict")
            if one.item and "is not known" not in one.item.why:
                self._wrong(f"nobody can know who made it, and it was said: {one.item.why}")
            self.out.passed.append("refused without evidence: created, and its managedFields removed")
        else:
            self._gone("deleted", *(("absent",) if self._cut else ()))

    def _deleted(self) -> None:
        policy = self.played.history.policy
        if policy != "force":
            self._gone(*(("conflict", "absent") if policy == "stop" else ("absent",)))
            return
        self._said("restored")
        wrong = differences(bare(self.one.before), bare(self.one.result), self.one.part.kind.shape, self._custom)
        self._tell(wrong)
        if owned(self.one.before) != owned(self.one.result):
            self._wrong("made anew, with other owners than before")

    def _changed(self) -> None:
        """Hold it to the law; where evidence is lost, to any reading of what cannot be known.

        Where a first undo ended on the object besides, nobody can know that the run's apply had ever come.
        """
        one, shape = self.one, self.one.part.kind.shape
        b, a, now = bare(one.before), bare(one.after), bare(one.now)
        touched = [p for p, _, _ in differences(a, now if one.cut is None else bare(one.begun), shape, True)]
        touched += self._changes(one.cut, one.now)
        taken = _reowned(owned(one.after), owned(one.now))  # it may be as the run left it, and be theirs
        doubtful = unsure(one, [*touched, *taken]) if self.played.lost else []
        out, first = self.out, None
        never = [b] if self.played.lost and one.cut is not None and self._undone(one.cut) else []
        every = [(reading, False) for reading in (*readings(b, a, now, doubtful), *never)]
        for reading, untold in ([(a, True)] if self._untold else []) + every:
            self.out = Judged()
            law = Law(self.played.history.policy, untold)
            self._by_law(law, law.right(b, reading, now, shape), touched, doubtful)
            first = first or self.out
            if not self.out.wrong:
                break
        found = first if self.out.wrong and first else self.out
        if found is not first:
            out.passed.append("read otherwise without evidence")
        out.wrong += found.wrong
        out.passed += found.passed
        self.out = out

    @property
    def _untold(self) -> bool:
        """Whether nothing tells that the run applied the object: neither a record, nor its mark, nor its manager."""
        there = {entry["manager"] for entry in self.one.now["metadata"].get("managedFields") or []}
        left = there & {UNDO, *appliers(self.one.before), *appliers(self.one.after)}
        return self.played.lost and not self._stamped(self.one.now) and not left

    def _undone(self, cut: Any) -> bool:
        """Whether a first undo came to its end on the object, so that nothing there tells of the run any more."""
        return not self._stamped(cut) and all(owner[0] != UNDO for owner in owned(cut))

    def _by_law(self, law: Law, right: Any, touched: list[Path], doubtful: list[Path]) -> None:
        one, shape = self.one, self.one.part.kind.shape
        if self._refused(law, right, doubtful):
            return
        if self._disturbed():
            self._tell(differences(bare(one.now), bare(one.result), shape, True))
            self._own(law, touched)
            return
        if self.played.history.policy == "stop" and law.conflicts:
            self._as_it_is("conflict", owners=not one.raced or one.cut is None)
            if one.raced and one.cut is not None:
                self._own(law, touched)
            self._covers(law.conflicts, [*law.conflicts, *doubtful], "in conflict")
            return
        if one.result is None:
            self._wrong("it is gone, and was to be put back")
            return
        anew = one.result["metadata"]["uid"] != one.now["metadata"]["uid"]
        if anew and not self._anew:
            self._wrong("it was made anew")
        wrong = differences(right, bare(one.result), shape, self._custom, orders=law.orders)
        made = self._made_of(right) if wrong else None
        if wrong and (made == bare(one.result) or self._went_with(wrong, right)):
            self._told_of(self._dropped(right, made))
            self.out.passed.append("the server itself writes: " + ", ".join(name(p) for p, _, _ in wrong))
            law.restored = [p for p in law.restored if not any(related(p, w) for w, _, _ in wrong)]
            wrong = []
        self._tell(wrong)
        idle = ("unchanged", "kept", "conflict") if not self._applied else ("unchanged",)
        self._said("restored", *(() if law.restored and not self._cut else idle))
        if one.item and one.item.result == "restored" and not self._cut and not anew:
            self._covers(law.restored, [*law.restored, *law.emptied, *doubtful], "restored")
        law.restored += doubtful
        self._own(law, touched)
        stamps = {self._run(one.before)} | ({self._run(one.now)} if not self._stamped(one.now) else set())
        if self._run(one.result) not in stamps:
            self._wrong(f"it carries the annotation of run {self._run(one.result)}")
        self._generation()

    def _refused(self, law: Law, right: Any, doubtful: list[Path]) -> bool:
        """Pass what could not be known, and what the server does not take."""
        one, item = self.one, self.one.item
        if item is None or item.result not in _BAD or not same(bare(one.now), bare(one.result)):
            return False
        named = set(item.fields)
        known = all(any(_close(name(p), n) for p in doubtful) for n in named)
        refused = item.result == "failed" or not law.conflicts
        if refused and doubtful and known:
            self.out.passed.append("refused without evidence: " + ", ".join(sorted(named)))
            return True
        made = self._made_of(right)
        if self.played.history.policy == "stop" and (dropped := self._dropped(right, made)):
            self.out.passed.append("the server would drop what others set: " + ", ".join(map(name, dropped)))
            self._covers(dropped, dropped, "in conflict")
            return True
        if made is not None or self._anew:
            return False
        self.out.passed.append("the server does not take what is right")
        return True

    def _disturbed(self) -> bool:
        """Whether others changed what the undo had just put back: for it the server makes something else of that."""
        one, item = self.one, self.one.item
        if not one.raced or one.cut is None or item is None or item.result != "failed":
            return False
        put, theirs = self._changes(one.begun, one.cut), self._changes(one.cut, one.now)
        again = [p for p in put if any(related(p, other) for other in theirs)]
        return all(any(_close(name(p), field) for p in again) for field in item.fields)

    def _went_with(self, wrong: list[Wrong], right: Any) -> bool:
        """Whether others' values, which nobody owns, could not stay beside what was put back.

        The server draws a Service's node ports anew for another type. And it drops the policy for traffic from outside
        with the last that lets such traffic in: others change the type and leave the run's external addresses, which
        keep the policy there, and the undo removes those (dropTypeDependentFields in kube-apiserver 1.34). It is a
        default that nobody owns, so nobody has lost anything; and put beside what is there, the server refuses it.
        """
        owners = {p for paths in owned(self.one.now).values() for p in paths}
        before, result = bare(self.one.before), bare(self.one.result)
        if any(o[: len(p)] == p for p, _, _ in wrong for o in owners):
            return False
        for path, _, got in wrong:
            dropped = got is ABSENT and self._refuses(with_paths(result, right, [path]))
            if not dropped and not same(got, look(before, path)):
                return False
        return self._refuses(right)

    def _refuses(self, obj: Any) -> bool:
        return self._made_of(obj) is None

    def _dropped(self, right: Any, made: Any) -> list[Path]:
        """Give what others came to own after the run, and the server does not keep beside what is put back."""
        if made is None:
            return []
        had, has = owned(self.one.after), owned(self.one.now)
        since = {p for owner, paths in has.items() for p in paths - had.get(owner, set())}
        gone = differences(right, made, self.one.part.kind.shape, self._custom)
        return [p for p, _, got in gone if got is ABSENT and any(o[: len(p)] == p for o in since)]

    def _told_of(self, dropped: list[Path]) -> None:
        item = self.one.item
        for path in dropped:
            if self.played.history.policy == "stop":
                self._wrong(f"not left, though the server then drops what others set: {name(path)}")
            elif item and name(path) not in (*item.fields, *item.why.replace(",", "").split()) and not self._cut:
                self._wrong(f"not said to be dropped: {name(path)}")

    def _made_of(self, right: Any) -> Any:
        """Ask the server what it would make of what is right; None when it does not take that."""
        now = self.one.result or {}
        ours = ("labels", "annotations", "managedFields", "resourceVersion")
        metadata = {k: v for k, v in now["metadata"].items() if k not in ours}
        obj = {**right, "metadata": {**metadata, **right["metadata"]}, "status": now.get("status", {})}
        try:
            return bare(self.client.replace(obj, manager="judge", dry_run=True))
        except ApiError as error:
            if error.not_found or error.conflict:
                self._wrong(f"it was changed after the undo had ended: {error}")
            elif error.status not in (400, 422):
                raise
            return None

    def _own(self, law: Law, touched: list[Path]) -> None:
        one = self.one
        now = owned(one.now) if one.cut is None else owned_meanwhile(one.begun, one.cut, one.now)
        near, loose = [*touched, *_reowned(owned(one.after), now)], self._changes(one.cut, one.now)
        if one.cut is not None:
            loose += _reowned(owned(one.cut), owned(one.now))
        put = [*law.restored, *self._changes(one.begun, one.cut)]
        loose += self._unstored() + self._emptied()
        if self.played.lost and any(act.how == "strip" for act in one.part.third):
            loose += [p for paths in owned(one.before).values() for p in paths]  # taken over, or not: nothing tells
        for line in wrong_owners(
            one.before, one.after, now, one.result, put=put, left=law.conflicts, touched=near, loose=loose
        ):
            self._wrong(f"owners: {line}")
        if one.cut is not None:
            self._kept(law)

    def _unstored(self) -> list[Path]:
        """Give what was owned before and not stored (a zero), and is not owned now, where a first undo was cut off.

        It leaves the same whether that undo put it back, and did not come to give back its owner, or others had taken
        it before: nobody can know whose it is then.
        """
        if not self._cut:
            return []
        before, now, result = (bare(obj) for obj in (self.one.before, self.one.now, self.one.result))
        lost = {
            p for owner, paths in owned(self.one.before).items() for p in paths - owned(self.one.now).get(owner, set())
        }
        return [p for p in lost if all(look(obj, where(p)) is ABSENT for obj in (before, now, result))]

    def _emptied(self) -> list[Path]:
        """Give maps in which nothing is left: they are not stored, and so nobody owns them any more."""
        now, result = bare(self.one.now), bare(self.one.result)
        every = {p for paths in owned(self.one.now).values() for p in paths}
        return [p for p in every if isinstance(look(now, p), dict) and look(result, p) is ABSENT]

    def _kept(self, law: Law) -> None:
        """What others came to own after a first undo that was cut off is theirs, if the last one changed nothing there."""
        cut, now, result = (owned(obj) for obj in (self.one.cut, self.one.now, self.one.result))
        for owner, paths in now.items():
            lost = paths - cut.get(owner, set()) - result.get(owner, set())
            for path in sorted(lost, key=str):
                if not any(related(where(path), p) for p in (*law.restored, *law.emptied)):
                    self._wrong(f"owners: {'/'.join(filter(None, owner))} came by it and lost it: {name(path)}")

    def _changes(self, old: Any, new: Any) -> list[Path]:
        """Give what changed in a first undo that was cut off, or by others after it."""
        if self.one.cut is None:
            return []
        return [p for p, _, _ in differences(bare(old), bare(new), self.one.part.kind.shape, True)]

    def _generation(self) -> None:
        """The server counts the changes of a DaemonSet's template, each write that changes it once."""
        note = "deprecated.daemonset.template.generation"
        if self.one.part.kind.kind == "DaemonSet":
            got = int(self.one.result["metadata"]["annotations"].get(note, "-1"))
            was = int(self.one.now["metadata"]["annotations"].get(note, "-1"))
            if got not in (was, was + 1):
                self._wrong(f"{note} is {got} after {was}")

    def _gone(self, *said: str | None) -> None:
        if self.one.result is not None:
            self._wrong("it is there")
        self._said(*said)

    def _as_it_is(self, *said: str, owners: bool = True) -> None:
        self._said(*said)
        one = self.one
        if one.result is None:
            self._wrong("it is gone, and was not to be touched")
            return
        if one.now["metadata"]["uid"] != one.result["metadata"]["uid"]:
            self._wrong("it is another object")
        self._tell(differences(bare(one.now), bare(one.result), one.part.kind.shape, True))
        if owners and owned(one.now) != owned(one.result):
            self._wrong("its owners changed, and it was not to be touched")

    def _covers(self, needed: list[Path], allowed: list[Path], word: str) -> None:
        said = self.one.item.fields if self.one.item else ()
        for path in needed:
            if not any(_close(name(path), field) for field in said):
                self._wrong(f"not said to be {word}: {name(path)} (said: {', '.join(said)})")
        for one in said:
            if not any(_close(name(path), one) for path in allowed):
                self._wrong(f"said to be {word}, and is not: {one}")

    def _said(self, *allowed: str | None) -> None:
        item = self.one.item
        if (item.result if item else None) not in allowed:
            said = f"{item.result} ({item.why})" if item else "nothing"
            self._wrong(f"said {said} instead of {' or '.join(str(a) for a in allowed)}")

    def _tell(self, wrong: list[Any]) -> None:
        for path, right, got in wrong:
            self._wrong(f"{name(path)} is {got!r} instead of {right!r}")

    def _wrong(self, text: str) -> None:
        self.out.wrong.append(f"{self.one.part.kind.kind}: {text}")

    def _run(self, obj: Any) -> Any:
        return (obj["metadata"].get("annotations") or {}).get(RUN)

    def _stamped(self, obj: Any) -> bool:
        return (self._run(obj) or "").endswith("-run")

    @property
    def _applied(self) -> bool:
        """Whether the run came to apply it."""
        return self._stamped(self.one.after) or owned(self.one.before) != owned(self.one.after)

    @property
    def _cut(self) -> bool:
        """Whether a first attempt of the undo was cut off: the second finds done what that one did.

        So does one that others disturb after it had written, or at another object, from where it begins anew.
        """
        disturbed = any(one.raced for one in self.played.seen if one is not self.one)
        return self.played.history.undo[0] in CUT or self.one.cut is not None or disturbed

    @property
    def _vanished(self) -> bool:
        """Whether somebody deleted it between the run's snapshot and its apply."""
        return self.one.part.base != "absent" and any(act.how == "vanish" for act in self.one.part.third)

    @property
    def _anew(self) -> bool:
        """Whether the server does not let it be changed, and nothing forbids to make it anew."""
        return bool(self.one.now.get("immutable")) and not self.one.now["metadata"].get("finalizers")

    @property
    def _custom(self) -> bool:
        return self.one.part.kind.kind == "Thing"


def _reowned(one: dict[Owner, set[Path]], other: dict[Owner, set[Path]]) -> list[Path]:
    return [p for owner in {*one, *other} for p in one.get(owner, set()) ^ other.get(owner, set())]


def _close(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)
