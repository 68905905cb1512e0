"""Reading in a tree of nodes without minding its shape: what is not there, or is something else, is nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sternway_steps.yamltree.document import Entry, Node
from sternway_steps.yamltree.errors import Place

_MERGE = "<<"


def child(node: Node | None, *path: str) -> Node | None:
    """Follow keys; None when one is missing, stands over something else, or has no value."""
    for key in path:
        entry = fields(node).get(key)
        node = entry.node if entry is not None else None
    return node if node is not None and node.value is not None else None


def fields(node: Node | None) -> dict[str, Entry]:
    """Give the keys of a mapping, or none."""
    value = node.value if node is not None else None
    return value if isinstance(value, dict) else {}


def items(node: Node | None) -> list[Node]:
    """Give the items of a list, or none."""
    value = node.value if node is not None else None
    return value if isinstance(value, list) else []


def text(node: Node | None) -> str:
    """Give a scalar as it was written, or ""."""
    return node.text if node is not None and not isinstance(node.value, dict | list) else ""


def word(node: Node | None, *path: str) -> str:
    """Give the scalar under a path as it was written, or ""."""
    return text(child(node, *path))


def true(node: Node | None, *path: str) -> bool:
    """Tell whether the value under a path is the YAML word true."""
    found = child(node, *path)
    return found is not None and found.value is True


def scalars(node: Node | None, skip: Collection[str] = ()) -> Iterator[Node]:
    """Give every scalar below a node; keys in `skip` are passed over wherever they stand."""
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
    """Give every key below a node with its entry; what stands under a key in `skip` is passed over."""
    for key, entry in fields(node).items():
        if key not in skip:
            yield key, entry
            yield from settings(entry.node, skip)
    for item in items(node):
        yield from settings(item, skip)


def named(node: Node | None) -> dict[str, Node]:
    """Give the items of a list by their `name`; the first of a name wins."""
    found: dict[str, Node] = {}
    for item in items(node):
        if name := word(item, "name"):
            found.setdefault(name, item)
    return found


def key_place(node: Node | None, key: str) -> Place:
    """Tell where a key stands, or else the node."""
    entry = fields(node).get(key)
    if entry is not None:
        return entry.place
    return node.place if node is not None else Place("")


def merged(node: Node) -> Node:
    """Carry out YAML's merge keys (`<<: *base`), as Argo's reader does: a mapping's own keys win."""
    if isinstance(node.value, list):
        return Node([merged(item) for item in node.value], node.place, node.text, node.plain)
    if not isinstance(node.value, dict):
        return node
    own = {key: Entry(entry.place, merged(entry.node)) for key, entry in node.value.items()}
    base = own.pop(_MERGE, None)
    for source in [base.node, *items(base.node)] if base is not None else ():
        own = {**fields(source), **own}
    return Node(own, node.place, node.text, node.plain)
