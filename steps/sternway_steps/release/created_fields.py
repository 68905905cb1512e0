"""The fields of a manifest one by one, as short as they say all of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ..objects.tree import Items, Map, Path, Tree, untree

_NAMING = {("f:apiVersion",), ("f:kind",), ("f:metadata", "f:name"), ("f:metadata", "f:namespace")}


def leaves(node: Tree, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield each value with its path, but for what names the object, or an item of a list beside its other fields."""
    if path in _NAMING:
        return
    if not isinstance(node, Map | Items) or not node:
        yield path, untree(node)
        return
    keys = {f"f:{key}" for key in json.loads(path[-1][2:])} if path and path[-1].startswith("k:") else set()
    below = [key for key in node if key not in keys]
    if not below:
        yield path, untree(node)
    for key in below:
        yield from leaves(node[key], (*path, key))
