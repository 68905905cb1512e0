"""Edits of an object: small operations that can be made, shown, and dropped one by one."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .shapes import ABSENT, IMPLIED, Dict, Key, Keyed, Scalar, Set, Shape, Struct, below, key_of, made, made_item

Path = tuple[Any, ...]
"""Names of fields, and keys of items."""


@dataclass(frozen=True)
class Edit:
    """One operation: set, drop, add (an item at an index), order (a list of keys or values), rename (a key)."""

    what: str
    path: Path
    value: Any = None

    def __str__(self) -> str:
        where = ".".join(str(dict(p)) if isinstance(p, tuple) else str(p) for p in self.path)
        return f"{self.what} {where}" + ("" if self.value is None else f" {self.value!r}")


def edited(obj: dict[str, Any], edits: Iterable[Edit]) -> dict[str, Any]:
    """Give an object with edits made; one that finds nothing to work on is passed over."""
    obj = copy.deepcopy(obj)
    for edit in edits:
        _make(obj, edit)
    return obj


def look(value: Any, path: Path) -> Any:
    """Give what is at a path, or ABSENT."""
    for part in path:
        if isinstance(part, tuple):
            value = next((i for i in value if _is(i, part)), ABSENT) if isinstance(value, list) else ABSENT
        else:
            value = value.get(part, ABSENT) if isinstance(value, dict) else ABSENT
        if value is ABSENT:
            return ABSENT
    return value


def shape_at(shape: Shape | None, path: Path) -> Shape | None:
    """Give the shape at a path."""
    for part in path:
        shape = below(shape, part)
    return shape


def _is(item: Any, k: Key) -> bool:
    return isinstance(item, dict) and all(item.get(name, IMPLIED.get(name)) == value for name, value in k)


def _make(obj: dict[str, Any], edit: Edit) -> None:
    value, path, where = copy.deepcopy(edit.value), edit.path, edit.path[:-1]
    if edit.what in ("add", "order"):
        found = look(obj, path)
        if edit.what == "add":
            item, at, k = value
            if found is ABSENT:
                _make(obj, Edit("set", path, [item]))
            elif isinstance(found, list) and not any(_is(i, tuple(tuple(p) for p in k)) for i in found):
                found.insert(at % (len(found) + 1), item)
        elif isinstance(found, list):
            rank = {_frozen(v): n for n, v in enumerate(edit.value)}
            found.sort(key=lambda i: next((n for v, n in rank.items() if _named(i, v)), len(rank)))
        return
    parent = look(obj, where)
    if parent is ABSENT and edit.what == "set" and not any(isinstance(p, tuple) for p in where):
        _make(obj, Edit("set", where, {}))
        parent = look(obj, where)
    part = path[-1]
    if isinstance(parent, dict) and not isinstance(part, tuple):
        _field(parent, part, edit.what, value)
    elif isinstance(parent, list) and isinstance(part, tuple):
        _item(parent, part, edit.what, value)


def _field(parent: dict[str, Any], name: str, what: str, value: Any) -> None:
    if what == "set":
        parent[name] = value
    elif what == "drop":
        parent.pop(name, None)
    elif what == "rename" and name in parent and value not in parent:
        parent[value] = parent.pop(name)


def _item(parent: list[Any], part: Key, what: str, value: Any) -> None:
    at = next((n for n, i in enumerate(parent) if _is(i, part)), None)
    if what == "drop" and at is not None:
        del parent[at]
    elif what == "set" and at is not None:
        parent[at] = value
    elif what == "rename" and at is not None and not any(_is(i, tuple(value)) for i in parent):
        parent[at] = {**parent[at], **dict(value)}


def _frozen(value: Any) -> Any:
    return tuple(tuple(p) for p in value) if isinstance(value, list | tuple) else value


def _named(item: Any, name: Any) -> bool:
    return _is(item, name) if isinstance(name, tuple) else item == name


def an_edit(rng: random.Random, shape: Shape, value: Any, path: Path = ()) -> Edit | None:
    """Choose an edit of a value somewhere; None when luck led to nothing."""
    if value is ABSENT:
        return Edit("set", path, made(rng, shape))
    if isinstance(shape, Struct) and not shape.one_of:
        return _of_struct(rng, shape, value, path)
    if isinstance(shape, Struct):
        name = rng.choice(list(shape.fields))
        if name in value and not isinstance(shape.fields[name], Scalar) and rng.random() < 0.6:
            return an_edit(rng, shape.fields[name], value[name], (*path, name))
        kept = {k: v for k, v in value.items() if k not in shape.fields}
        return Edit("set", path, {**kept, **made(rng, shape)})
    if isinstance(shape, Dict):
        return _of_dict(rng, shape, value, path)
    if isinstance(shape, Keyed):
        return _of_keyed(rng, shape, value, path)
    if isinstance(shape, Set):
        return _of_set(rng, shape, value, path)
    keys = dict(path[-1]) if path and isinstance(path[-1], tuple) else None  # an item that is one field
    others = [c for c in (c if keys is None else {**keys, **c} for c in shape.choices) if c != value]
    return Edit("set", path, copy.deepcopy(rng.choice(others))) if others else None


def _of_struct(rng: random.Random, shape: Struct, value: dict[str, Any], path: Path) -> Edit | None:
    names = [n for n in (*shape.fields, *shape.heavy, *(n for n in shape.fields if n in value)) if n not in shape.fixed]
    if not names:
        return None
    name = rng.choice(names)
    one, now = shape.fields[name], value.get(name, ABSENT)
    luck = rng.random()
    if now is not ABSENT and luck < 0.2 and name not in shape.required:
        return Edit("drop", (*path, name))
    if (
        now is not ABSENT
        and luck < 0.26
        and name not in shape.required
        and isinstance(one, Struct | Dict)
        and not _one_of(one)
    ):
        return Edit("set", (*path, name), {})
    return an_edit(rng, one, now, (*path, name))


def _one_of(shape: Shape) -> bool:
    return isinstance(shape, Struct) and (shape.one_of or bool(shape.required))


def _of_dict(rng: random.Random, shape: Dict, value: dict[str, Any], path: Path) -> Edit | None:
    there = [k for k in value if k in shape.keys]
    free = [k for k in shape.keys if k not in value]
    what = rng.choice(("set", "set", "drop", "rename", "new"))
    if what == "new" or not there:
        return Edit("set", (*path, rng.choice(free)), made(rng, shape.values)) if free else None
    name = rng.choice(there)
    if what == "rename":
        return Edit("rename", (*path, name), rng.choice(free)) if free else None
    return Edit("drop", (*path, name)) if what == "drop" else an_edit(rng, shape.values, value[name], (*path, name))


def _of_keyed(rng: random.Random, shape: Keyed, value: list[Any], path: Path) -> Edit | None:
    there = [key_of(i, shape.keys) for i in value]
    known = [k for k in there if k in shape.names]
    free = [k for k in shape.names if k not in there]
    loose = [k for k in known if k not in shape.kept]
    what = rng.choice(("item", "item", "item", "add", "drop", "order", "rename", "empty"))
    if what == "add" or not known:
        return adding(rng, shape, path, rng.choice(free)) if free else None
    if what == "order" and len(there) > 1:
        return Edit("order", path, rng.sample(there, len(there)))
    if what == "drop" and loose:
        return Edit("drop", (*path, rng.choice(loose)))
    if what == "empty" and not shape.kept:
        return Edit("set", path, []) if rng.random() < 0.5 else Edit("drop", path)
    if what == "rename" and loose and free and not shape.named:
        return Edit("rename", (*path, rng.choice(loose)), rng.choice(free))
    k = rng.choice(known)
    only_key = isinstance(shape.item, Struct) and not shape.item.fields
    return None if only_key else an_edit(rng, shape.item, look(value, (k,)), (*path, k))


def adding(rng: random.Random, shape: Keyed, path: Path, k: Key) -> Edit:
    """Choose an item of a key to add."""
    return Edit("add", path, (made_item(rng, shape, k), rng.randint(0, 3), k))


def _of_set(rng: random.Random, shape: Set, value: list[Any], path: Path) -> Edit:
    free = [v for v in shape.values if v not in value]
    what = rng.choice(("add", "drop", "order", "empty", "gone"))
    if what == "gone":
        return Edit("drop", path)
    if what == "add" and free:
        at = rng.randint(0, len(value))
        return Edit("set", path, [*value[:at], rng.choice(free), *value[at:]])
    if what == "drop" and value:
        gone = rng.choice(value)
        return Edit("set", path, [v for v in value if v != gone])
    if what == "order" and len(value) > 1:
        return Edit("set", path, rng.sample(value, len(value)))
    return Edit("set", path, [])
