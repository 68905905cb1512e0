"""One field in all its states: before a run, as applied, right after, and live, each with its owners."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from .fields import Fields
from .tree import ABSENT, Items, Map, Path, Tree


@dataclass(frozen=True)
class Owned:
    """The owned fields of a value and below it, or None; `ours` are the run's manager's, or an undo's."""

    ours: Fields | None = None
    others: Fields | None = None

    def below(self, part: str) -> Owned:
        """Return what is owned of a field or an item."""
        return Owned(_below(self.ours, part), _below(self.others, part))

    @property
    def by_us(self) -> bool:
        """Whether the run's manager owns the value or something in it."""
        return self.ours is not None

    @property
    def by_others(self) -> bool:
        """Whether anybody else does."""
        return self.others is not None


@dataclass(frozen=True)
class Undone:
    """What an undo has written to the object: the restored `paths`, and whether an `earlier` undo may have."""

    paths: frozenset[Path] = frozenset()
    earlier: bool = False
    refilled: frozenset[Path] = frozenset()
    """What it removed, and the server filled in again in its answer to that same write."""
    after: Mapping[str, Any] | None = None
    """How the run left the object, where this undo has concluded it without a record, before it wrote."""
    untold: bool = False
    """Whether nothing told that the run had come to apply it: what is so may be of others alone."""
    counted: frozenset[Path] = frozenset()
    """What the server itself counts, whoever seems to have written it."""

    def __contains__(self, path: Path) -> bool:
        return any(path[:length] in self.paths for length in range(1, len(path) + 1))


@dataclass(frozen=True)
class States:
    """A field `before` the run, as `applied`, right `after`, and `live`; with its owners at these times."""

    before: Tree
    applied: Tree
    live: Tree
    after: Tree = ABSENT
    stored: Tree = ABSENT
    """What was applied, as the server would store a new object; as it was applied where that is not known."""
    made: bool = False
    """Whether `stored` is what the server said."""
    owned_first: Owned = Owned()
    """Before the run; `owned_before` is what its apply met, when it had taken over what others owned."""
    owned_before: Owned = Owned()
    owned_after: Owned = Owned()
    owned_live: Owned = Owned()
    owned_since: Fields | None = None
    """What others came to own after the run."""
    owned_anew: Fields | None = None
    """What of that they had not owned before the run either: no undo has given it back to them."""
    claimed: Fields | None = None
    """What of that other targets came to own: their runs apply it too, as it is."""
    undone: Undone = Undone()
    path: Path = ()
    stripped: bool = False
    """Whether somebody removed the managedFields: that nobody owns a field says nothing then."""

    def below(self, part: str) -> States:
        """Return a field or an item of it."""
        before, applied, live, after, stored = (
            node.get(part, ABSENT) if isinstance(node, Map | Items) else ABSENT
            for node in (self.before, self.applied, self.live, self.after, self.stored)
        )
        return States(
            before, applied, live, after, stored, self.made, self.owned_first.below(part),
            self.owned_before.below(part), self.owned_after.below(part), self.owned_live.below(part),
            _below(self.owned_since, part), _below(self.owned_anew, part), _below(self.claimed, part),
            self.undone, (*self.path, part), self.stripped,
        )  # fmt: skip

    def at(self, path: Path) -> States:
        """Return what is at a path below it."""
        found = self
        for part in path:
            found = found.below(part)
        return found

    def parts(self) -> Iterator[States]:
        """Yield what is below: in the order of before, then what exists only now, then what only the run had."""
        nodes = [n for n in (self.before, self.live, self.after, self.applied) if isinstance(n, Map | Items)]
        return (self.below(part) for part in dict.fromkeys(part for node in nodes for part in node))

    def with_after(self, after: Tree) -> States:
        """Return the states with another value right after the run."""
        return replace(self, after=after)

    @property
    def kind(self) -> type[Map] | type[Items] | None:
        """How the value is divided in all of its states: Map or Items; None: it is one value.

        An item of a list that is not in each of them is one value too: its key decides for all that is in it.
        """
        return self._kind(self.before, self.after, self.live)

    @property
    def kind_without_after(self) -> type[Map] | type[Items] | None:
        """The same, when it is not known how it was right after the run."""
        if self.is_item and self.live is ABSENT:
            return None
        return _common(self.before, self.live)

    @property
    def is_item(self) -> bool:
        """Whether it is an item of a list."""
        return bool(self.path) and self.path[-1][0] in "kv"

    @property
    def of_the_run(self) -> bool:
        """Whether the run applied the field, or its manager owned it: only such fields can be conflicts."""
        removed = self.before is not ABSENT and self.after is ABSENT
        ours = (self.owned_first.by_us, self.owned_after.by_us, self.owned_before.by_us and removed)
        return self.applied is not ABSENT or any(ours)

    @property
    def contested(self) -> bool:
        """Whether it may be of others as well, though it is as the run left it."""
        return self.claimed is not None or self.undone.untold

    @property
    def set_since(self) -> bool:
        """Whether somebody set, after the run, what it did not apply; and not the server in answer to this undo.

        What nobody owns and the run made come or go, the server set anew for somebody (a Service's `nodePort`).
        """
        drawn = (self.before is ABSENT) != (self.after is ABSENT) and self.live is not ABSENT
        drawn = drawn and not self.owned_live.by_us
        if self.path in self.undone.counted:
            return False
        if self.path in self.undone:
            return self.owned_anew is not None
        return self.owned_since is not None or (drawn and not self.undone.earlier)

    @property
    def scaled(self) -> bool:
        """Whether it is the number of replicas, and nobody owns it: then it may have been scaled.

        A write of the scale subresource is recorded only where somebody owned the field before (kube-apiserver 1.34),
        so an autoscaler leaves no trace of its own.
        """
        owned = self.owned_live.by_us or self.owned_live.by_others
        return self.path == _REPLICAS and self.live is not ABSENT and not owned

    def _kind(self, *nodes: Tree) -> type[Map] | type[Items] | None:
        if self.is_item and ABSENT in nodes:
            return None
        return _common(*nodes)


_REPLICAS: Path = ("f:spec", "f:replicas")


def _common(*nodes: Tree) -> type[Map] | type[Items] | None:
    kinds = {type(node) if isinstance(node, Map | Items) else None for node in nodes if node is not ABSENT}
    return kinds.pop() if len(kinds) == 1 else None


def _below(fields: Fields | None, part: str) -> Fields | None:
    return None if fields is None else fields.get(part)
