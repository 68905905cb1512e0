"""Objects as trees in which list items have names, so that states of one object can be compared field by field.

A path is a tuple of `f:NAME` (a field), `k:{...}` (an item by its keys) and `v:VALUE` (an item of a set), as in
`metadata.managedFields`. Source: structured-merge-diff, "FieldsV1" in the Kubernetes API reference.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .fields import Fields
from .shape import Marks, Shape

Path = tuple[str, ...]


class Absent:
    """No value, which differs from null and from an empty map or list."""

    def __repr__(self) -> str:
        return "absent"


ABSENT = Absent()


class Map(dict[str, Any]):
    """An object; its keys are `f:NAME`."""


class Items(dict[str, Any]):
    """A list whose items are told apart by key fields (`k:{...}`) or by their value (`v:VALUE`)."""


Tree = Any
"""Map, Items, ABSENT, or any other JSON value, which is one value as a whole."""


def tree(value: Any, shape: Shape | Fields) -> Tree:
    """Return a JSON value as a tree, by its shape or by managedFields that name the items of its lists."""
    return trees([value], Marks(shape or None) if isinstance(shape, dict) else shape)[0]


def trees(values: Sequence[Any], shape: Shape) -> list[Tree]:
    """Return the states of one value (each may be ABSENT) as trees that can be compared.

    A list in which items can't be told apart (a key that is there twice, or none) is one value in all of them.
    """
    maps = [value for value in values if isinstance(value, dict)]
    lists = [value for value in values if isinstance(value, list)]
    if maps and all(shape.is_map(value) for value in maps):
        return _apart([_fields(v) if isinstance(v, dict) else v for v in values], shape, Map)
    if lists:
        named = [_named(v, shape.names(v)) if isinstance(v, list) else v for v in values]
        if None not in (n for n, v in zip(named, values, strict=True) if isinstance(v, list)):
            return _apart(named, shape, Items)
    return list(values)


class _Parts(dict[str, Any]):
    """The named parts of one state of a value."""


def _fields(value: Mapping[str, Any]) -> _Parts:
    return _Parts({f"f:{key}": below for key, below in value.items()})


def _named(items: list[Any], names: list[str] | None) -> _Parts | None:
    if names is None or len(set(names)) != len(names):
        return None
    return _Parts(zip(names, items, strict=True))


def _apart(states: list[Any], shape: Shape, kind: type[Map] | type[Items]) -> list[Tree]:
    parts = dict.fromkeys(part for state in states if isinstance(state, _Parts) for part in state)
    nodes = [kind() if isinstance(state, _Parts) else state for state in states]
    for part in parts:
        held = [state.get(part, ABSENT) if isinstance(state, _Parts) else ABSENT for state in states]
        below = held if part.startswith("v:") else trees(held, shape.below(part))
        for node, state, value in zip(nodes, states, below, strict=True):
            if isinstance(state, _Parts) and part in state:
                node[part] = value
    # Each state keeps its own order.
    return [
        kind({part: node[part] for part in state}) if isinstance(state, _Parts) else node
        for node, state in zip(nodes, states, strict=True)
    ]


def untree(node: Tree) -> Any:
    """Return a tree as a JSON value."""
    if isinstance(node, Map):
        return {key[2:]: untree(below) for key, below in node.items()}
    if isinstance(node, Items):
        return [untree(below) for below in node.values()]
    return node


def same(one: Tree, other: Tree) -> bool:
    """Return whether two trees are equal: absent is not empty, true is not 1, and the order of items counts."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        if isinstance(one, Items) and list(one) != list(other):
            return False  # the order of containers or of variables has a meaning
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def at(node: Tree, path: Iterable[str]) -> Tree:
    """Return the value at a path of a tree, or ABSENT."""
    for part in path:
        if part == ".":
            break
        node = node.get(part, ABSENT) if isinstance(node, Map | Items) else ABSENT
    return node


def name_of(path: Iterable[str]) -> str:
    """Return a path as users know it: `spec.template.spec.containers[name=web].image`."""
    out = ""
    for part in path:
        kind, rest = part[0], part[2:]
        if kind == "k":
            out += "[" + ",".join(f"{k}={v}" for k, v in json.loads(rest).items()) + "]"
        elif kind == "v":
            out += f"[{json.dumps(json.loads(rest), ensure_ascii=False)}]"
        else:
            out += f"[{rest}]" if "." in rest or "/" in rest else ("." if out else "") + rest
    return out
