"""Shapes: what a field may hold, how the server tells its parts apart, and random values that fit.

They are written down from Kubernetes' OpenAPI document (x-kubernetes-list-type, x-kubernetes-map-type), which a test
on the real server compares them with; nothing of the product's own is read.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

ABSENT: Any = type("Absent", (), {"__repr__": lambda _: "absent"})()
"""No value, which is something else than null or empty."""

Key = tuple[tuple[str, Any], ...]
"""The fields that tell one item of a list from the others, by name."""

IMPLIED = {"protocol": "TCP"}
"""What a key field that is left out stands for."""


@dataclass(frozen=True)
class Scalar:
    """One plain value."""

    choices: tuple[Any, ...]


@dataclass(frozen=True)
class Atomic:
    """A list or map that is one field."""

    choices: tuple[Any, ...]


@dataclass(frozen=True)
class Dict:
    """A map of free keys; `kept` are never touched."""

    keys: tuple[str, ...]
    values: Scalar
    kept: tuple[str, ...] = ()


@dataclass(frozen=True)
class Struct:
    """A map of known fields. `one_of`: exactly one of them is set. `heavy` are met more often."""

    fields: Mapping[str, Shape]
    required: tuple[str, ...] = ()
    one_of: bool = False
    heavy: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()
    """Never changed, for the server does not allow it or others depend on it."""


@dataclass(frozen=True)
class Keyed:
    """A list of items that key fields tell apart. `kept` items are never removed."""

    keys: tuple[str, ...]
    names: tuple[Key, ...]
    item: Struct | Atomic
    named: bool = False
    """Each item has a name that follows from its key."""
    kept: tuple[Key, ...] = ()


@dataclass(frozen=True)
class Set:
    """A list of distinct values, in an order."""

    values: tuple[Any, ...]


Shape = Scalar | Atomic | Dict | Struct | Keyed | Set


def key_of(item: Any, keys: tuple[str, ...]) -> Key:
    """Give the key of an item, with what is implied."""
    return tuple((k, item.get(k, IMPLIED.get(k))) for k in sorted(keys))


def key(**fields: Any) -> Key:
    """Write a key."""
    return tuple(sorted(fields.items()))


def made(rng: random.Random, shape: Shape) -> Any:
    """Make a random value."""
    if isinstance(shape, Scalar | Atomic):
        return copy.deepcopy(rng.choice(shape.choices))
    if isinstance(shape, Dict):
        return {k: made(rng, shape.values) for k in rng.sample(shape.keys, rng.randint(1, min(3, len(shape.keys))))}
    if isinstance(shape, Set):
        return rng.sample(shape.values, rng.randint(1, min(3, len(shape.values))))
    if isinstance(shape, Keyed):
        return [made_item(rng, shape, k) for k in rng.sample(shape.names, rng.randint(1, min(2, len(shape.names))))]
    if shape.one_of:
        name = rng.choice(list(shape.fields))
        return {name: made(rng, shape.fields[name])}
    names = [n for n in shape.fields if n in shape.required or rng.random() < 0.25]
    return {n: made(rng, shape.fields[n]) for n in names}


def made_item(rng: random.Random, shape: Keyed, k: Key) -> dict[str, Any]:
    """Make a random item with a given key."""
    fields = dict(k)
    if shape.named:
        fields["name"] = "-".join(str(v).lower() for _, v in k)
    if rng.random() < 0.5 and fields.get("protocol") == IMPLIED["protocol"]:
        del fields["protocol"]
    return {**fields, **made(rng, shape.item)}


def below(shape: Shape | None, part: Any) -> Shape | None:
    """Give the shape of a part: a field by its name, an item by its key."""
    if isinstance(shape, Struct) and isinstance(part, str):
        return shape.fields.get(part)
    if isinstance(shape, Dict):
        return shape.values
    if isinstance(shape, Keyed):
        return shape.item
    return None


@dataclass(frozen=True)
class Kind:
    """A kind, its least object, and the shape of what may change in it."""

    api_version: str
    kind: str
    least: Mapping[str, Any]
    shape: Struct
    namespaced: bool = True
    weight: int = 1
    notes: Mapping[str, Any] = field(default_factory=dict)

    def new(self, name: str, namespace: str) -> dict[str, Any]:
        """Give the least object."""
        metadata = {"name": name} | ({"namespace": namespace} if self.namespaced else {})
        return {
            "apiVersion": self.api_version,
            "kind": self.kind,
            "metadata": metadata,
            **copy.deepcopy(dict(self.least)),
        }
