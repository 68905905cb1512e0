"""The law of the undo, field by field (L3 in the design), written down a second time.

B is a field before the run, A right after it, L now. B = A: leave L. L = A: put B. L = B: leave. Else somebody changed
it after the run: a conflict, and the policy decides. Items of lists are told apart by their keys, and one that not all
three hold is taken whole. The order of a list is a field of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .edits import Path
from .shapes import ABSENT, Atomic, Keyed, Set, Shape, Struct, below, key_of

RUN = "sternway.dev/run"
NOTES = (RUN, "deployment.kubernetes.io/revision", "deprecated.daemonset.template.generation")
"""The run's own annotation, and what controllers and the server write."""


def bare(obj: Mapping[str, Any] | None) -> Any:
    """Give what users and runs write of an object."""
    if obj is None:
        return ABSENT
    metadata = {
        k: v for k, v in obj["metadata"].items() if k in ("labels", "annotations", "finalizers", "ownerReferences")
    }
    notes = {k: v for k, v in (metadata.pop("annotations", None) or {}).items() if k not in NOTES}
    metadata |= {"annotations": notes} if notes else {}
    return {**{k: v for k, v in obj.items() if k not in ("status", "metadata")}, "metadata": metadata}


def same(one: Any, other: Any) -> bool:
    """Tell whether two values are the same; true is not 1, and absent is nothing but absent."""
    if one is ABSENT or other is ABSENT:
        return one is other
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def parts(shape: Shape | None, value: Any) -> dict[Any, Any] | None:
    """Give the parts of a list by name; None for a list that is one field."""
    if isinstance(shape, Keyed):
        return {key_of(i, shape.keys): i for i in value}
    return {("v", json.dumps(v)): v for v in value} if isinstance(shape, Set) else None


def divisible(shape: Shape | None, *values: Any) -> bool:
    """Tell whether values are merged part by part."""
    there = [v for v in values if v is not ABSENT]
    if isinstance(shape, Atomic) or not there:
        return False
    if all(isinstance(v, dict) for v in there):
        return True
    return isinstance(shape, Keyed | Set) and all(isinstance(v, list) for v in there)


@dataclass
class Law:
    """What an undo must come to, and where it must say that others changed something."""

    policy: str
    untold: bool = False
    """Whether nothing tells any more that the run had applied the object: what is as it applied it may be others'."""
    restored: list[Path] = field(default_factory=list)
    conflicts: list[Path] = field(default_factory=list)
    emptied: list[Path] = field(default_factory=list)
    """Maps and lists that go because the run brought them and nothing is left in them."""
    orders: dict[Path, list[list[Any]]] = field(default_factory=dict)
    """Lists that must hold these parts, as far as they are there, in these orders."""

    def right(self, b: Any, a: Any, now: Any, shape: Shape | None, path: Path = ()) -> Any:
        """Give the right value of a field after the undo."""
        if same(b, a) or same(now, b):
            return now
        if same(now, a) and not (self.untold and divisible(shape, b, a, now)):
            if self.untold:
                return self._conflict(b, now, path)
            self.restored.append(path)
            return b
        if not divisible(shape, b, a, now):
            return self._conflict(b, now, path)
        if any(isinstance(v, list) for v in (b, a, now)):
            return self._list(b, a, now, shape, path)
        b1, a1, n1 = ({} if v is ABSENT else v for v in (b, a, now))
        out = {}
        for name in dict.fromkeys((*n1, *b1)):
            values = (v.get(name, ABSENT) for v in (b1, a1, n1))
            if (value := self.right(*values, below(shape, name), (*path, name))) is not ABSENT:
                out[name] = value
        return out if out or self._stays(b, a, now, path) else ABSENT

    def _conflict(self, b: Any, now: Any, path: Path) -> Any:
        if self.policy == "force":
            self.restored.append(path)
            return b
        self.conflicts.append(path)
        return now

    def _list(self, b: Any, a: Any, now: Any, shape: Any, path: Path) -> Any:
        b1, a1, n1 = ({} if v is ABSENT else parts(shape, v) or {} for v in (b, a, now))
        out = {}
        for name in dict.fromkeys((*n1, *b1)):
            values = [v.get(name, ABSENT) for v in (b1, a1, n1)]
            where = (*path, name)
            if ABSENT in values and not any(same(*pair) for pair in (values[:2], values[1:], values[::2])):
                value = self._conflict(values[0], values[2], where)
            else:
                value = self.right(*values, below(shape, name), where)
            if value is not ABSENT:
                out[name] = value
        self._order([*b1], [*a1], [*n1], path)
        return list(out.values()) if out or self._stays(b, a, now, path) else ABSENT

    def _stays(self, b: Any, a: Any, now: Any, path: Path) -> bool:
        there = [v is not ABSENT for v in (b, a, now)]
        stays = there[2] if there[0] == there[1] else there[0]
        if there[2] and not stays:
            self.emptied.append(path)
        return stays

    def _order(self, b: list[Any], a: list[Any], now: list[Any], path: Path) -> None:
        """Give the orders that hold.

        Others reordered a list too when they brought back what the run had removed, in another order than before:
        their items stay as they stand, and the order of before, which contradicts that, cannot hold as well.
        """
        by_run = _among(b, a) != _among(a, b)
        by_others = _among(a, now) != _among(now, a)
        if not by_run:
            anew = _among(b, now) != _among(now, b)
            self.orders[path] = [now] if by_others or anew else [now, b]
        elif not by_others:
            if _among(b, now) != _among(now, b):  # else others removed all but one of what the run had moved
                self.restored.append(path)
            self.orders[path] = [b]
        elif _among(b, now) == _among(now, b):
            self.orders[path] = [now]
        elif self.policy == "force":
            self.orders[path] = [b]
        else:
            self.conflicts.append(path)
            self.orders[path] = [now]


def _among(names: Iterable[Any], others: Iterable[Any]) -> list[Any]:
    known = set(others)
    return [n for n in names if n in known]


Wrong = tuple[Path, Any, Any]
"""Where, what is right, and what is there."""


def differences(
    right: Any, got: Any, shape: Shape | None, custom: bool, path: Path = (), orders: Any = None
) -> list[Wrong]:
    """Compare; lists in `orders` are held to those alone, others to the order that `right` has.

    Built-in kinds do not keep empty lists and maps of free keys: their types leave them out (omitempty).
    """
    if (not custom or path[:1] == ("metadata",)) and not isinstance(shape, Struct):
        right, got = (ABSENT if v in ([], {}) else v for v in (right, got))
    if same(right, got):
        return []
    if right is ABSENT or got is ABSENT or not divisible(shape, right, got):
        return [(path, right, got)]
    one, other = (v if isinstance(v, dict) else parts(shape, v) or {} for v in (right, got))
    found = [
        d
        for name in dict.fromkeys((*one, *other))
        for d in differences(
            one.get(name, ABSENT), other.get(name, ABSENT), below(shape, name), custom, (*path, name), orders
        )
    ]
    if isinstance(right, list):
        held = orders[path] if orders is not None and path in orders else [[*one]]
        if any(_among(order, other) != _among(other, order) for order in held):
            found.append((path, [_among(order, other) for order in held], [*other]))
    return found


def related(one: Path, other: Path) -> bool:
    """Tell whether one path is the other, or lies above or below it."""
    least = min(len(one), len(other))
    return one[:least] == other[:least]


def name(path: Path) -> str:
    """Write a path as reports do: `spec.containers[name=web].image`."""
    out = ""
    for part in path:
        if isinstance(part, tuple) and part and part[0] == "v":
            out += f"[{part[1]}]"
        elif isinstance(part, tuple):
            out += "[" + ",".join(f"{k}={v}" for k, v in part) + "]"
        else:
            out += f"[{part}]" if "." in part or "/" in part else ("." if out else "") + part
    return out
