"""Access to a tree of nodes whatever its shape: what is missing, or has another type, is empty."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sternway_steps.yamltree.document import Entry, Node
from sternway_steps.yamltree.errors import SourceLocation

_MERGE = "<<"


def child(node: Node | None, *path: str) -> Node | None:
    """Return the node at a path of keys; None when one is missing, or has no value."""
    for key in path:
        entry = fields(node).get(key)
        node = entry.node if entry is not None else None
    return node if node is not None and node.value is not None else None


def fields(node: Node | None) -> dict[str, Entry]:
    """Return the entries of a mapping; {} for anything else."""
    value = node.value if node is not None else None
    return value if isinstance(value, dict) else {}


def items(node: Node | None) -> list[Node]:
    """Return the items of a list; [] for anything else."""
    value = node.value if node is not None else None
    return value if isinstance(value, list) else []


def text(node: Node | None) -> str:
    """Return a scalar as it was written, or ""."""
    return node.text if node is not None and not isinstance(node.value, dict | list) else ""


def word(node: Node | None, *path: str) -> str:
    """Return the scalar at a path as it was written, or ""."""
    return text(child(node, *path))


def true(node: Node | None, *path: str) -> bool:
    """Return whether the value at a path is the YAML word true."""
    found = child(node, *path)
    return found is not None and found.value is True


def scalars(node: Node | None, skip: Collection[str] = ()) -> Iterator[Node]:
    """Yield every scalar below a node, without what stands under a key in `skip`."""
    if node is None:
        return
    for key, entry in fields(node).items():
        if key not in skip:
            yield from scalars(entry.node, skip)
    for item in items(node):
        yield from scalars(item, skip)
    if not isinstance(node.value, dict | list) and node.value is not None:
        yield node


def settings(node: Node | None, skip: Collection[str] = ()) -> Iterator[tuple[str, Entry]]:
    """Yield every key below a node with its entry, without what stands under a key in `skip`."""
    for key, entry in fields(node).items():
        if key not in skip:
            yield key, entry
            yield from settings(entry.node, skip)
    for item in items(node):
        yield from settings(item, skip)


def named(node: Node | None) -> dict[str, Node]:
    """Return the items of a list by their `name`; the first of a name counts."""
    by_name: dict[str, Node] = {}
    for item in items(node):
        if name := word(item, "name"):
            by_name.setdefault(name, item)
    return by_name


def key_location(node: Node | None, key: str) -> SourceLocation:
    """Return the location of a key, or else that of the node."""
    entry = fields(node).get(key)
    if entry is not None:
        return entry.location
    return node.location if node is not None else SourceLocation("")


def merged(node: Node) -> Node:
    """Return a node with its YAML merge keys (`<<: *base`) carried out as in Argo: a mapping's own keys win."""
    if isinstance(node.value, list):
        return Node([merged(item) for item in node.value], node.location, node.text, node.plain)
    if not isinstance(node.value, dict):
        return node
    own = {key: Entry(entry.location, merged(entry.node)) for key, entry in node.value.items()}
    base = own.pop(_MERGE, None)
    for source in [base.node, *items(base.node)] if base is not None else ():
        own = {**fields(source), **own}
    return Node(own, node.location, node.text, node.plain)
