"""Whose a tag is, as far as the journal tells: of runs that stand, and what is left when those that do not are gone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from ...spec import OtherRun
from .record import Push, pushes
from .reference import Reference
from .registry import Manifest

_PUT_BACK = ("restored", "deleted")
"""What an undo says of a tag that it moved back itself."""


@dataclass(frozen=True)
class Goal:
    """What an undo points a tag to; `passed` are digests of runs which were undone while others lay above them."""

    manifest: Manifest | None
    passed: frozenset[str] = frozenset()

    @property
    def digest(self) -> str:
        """What it is; "" for nothing."""
        return self.manifest.digest if self.manifest is not None else ""


@dataclass(frozen=True)
class Owners:
    """The other runs of the same journal that pushed to a tag; `others` yields all that is recorded, newest first."""

    reference: Reference
    push: Push
    others: Callable[[], Iterable[OtherRun]]

    def who_has(self, digest: str) -> str:
        """Return the newest run that stands and pushed the same to the tag since this one did; "" for none."""
        for other, push in self._pushes():
            since = other.later or 0 < self.push.looked < push.ended
            if other.stands and since and push.done and digest in push.digests:
                return f"run {other.name} of {other.target}"
        return ""

    def who_moved(self, digest: str) -> str:
        """Return who moved the tag to what it points to now, for a report."""
        run = self.who_has(digest)
        return f"{run} moved the tag since" if run else "somebody moved the tag since"

    def goal(self, before: Manifest | None, there: Callable[[str], Manifest | None]) -> Goal:
        """Return what the tag is to point to: what it did before, or, if who pushed that was undone, before that run.

        Its undo could not take it away, for this run had moved the tag. One that took it away itself, before we looked,
        is no pusher of what somebody has pushed again. `there` reads a manifest by its digest.
        """
        known = list(self._pushes())
        if (over := self._overtaken(known, before)) is not None and (manifest := there(over)) is not None:
            before = manifest
        passed: set[str] = set()
        used: set[str] = set()
        looked = self.push.looked
        while before is not None:
            digest = before.digest
            # Whoever had put it there had looked before.
            claims = [(o, p) for o, p in known if digest in p.digests and (p.done or p.moves) and p.looked <= looked]
            if any(other.stands for other, _ in claims):
                break
            left = [(o, p) for o, p in claims if o.name not in used and self._left(o, p, digest, looked)]
            if not left:
                break
            below = max(left, key=lambda one: one[1].looked)
            used.add(below[0].name)
            passed.add(digest)
            before, looked = below[1].before, below[1].looked
        return Goal(before, frozenset(passed - ({before.digest} if before is not None else set())))

    def _left(self, other: OtherRun, push: Push, digest: str, looked: float) -> bool:
        """Return whether a run that does not stand had put there what was seen when somebody looked."""
        mine = (item for item in other.undone if self.reference.is_same(str(item.get("what", ""))))
        back = any(item.get("result") in _PUT_BACK for item in mine)
        moved = push.before is None or push.before.digest != digest
        return moved and not (back and other.undone_at < looked)

    def _overtaken(self, known: list[tuple[OtherRun, Push]], before: Manifest | None) -> str | None:
        """Return what a run that stands had pushed between our last look and our request; None for nothing."""
        seen = {push.before.digest for _, push in known if push.before is not None}
        seen |= self.push.digests | ({before.digest} if before is not None else set())
        found = [
            (push.ended, digest)
            for other, push in known
            if other.stands and push.done and 0 < self.push.looked <= push.ended <= self.push.ended
            for digest in push.digests - seen
        ]
        return max(found)[1] if found else None

    def _pushes(self) -> Iterator[tuple[OtherRun, Push]]:
        for other in self.others():
            try:
                push = pushes(other.recorded)
            except (KeyError, TypeError, ValueError):  # of a step that is no build
                continue
            if push is not None and self.reference.is_same(push.reference.text):
                yield other, push
